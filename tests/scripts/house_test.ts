/** The gate's own look at a house, on small ones that break its rules. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fromRoot, run } from "../../scripts/run.ts";

async function look(files: Record<string, string>): Promise<{ success: boolean; text: string }> {
  const root = await Deno.makeTempDir({ prefix: "mesh-llm-house-" });
  try {
    const all = { "package.json": "{}", "main.ts": "export {};\n", ...files };
    for (const [path, text] of Object.entries(all)) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    const script = fromRoot("scripts/house.ts");
    return await run(Deno.execPath(), ["run", "-A", script, root], { output: "capture" });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("the gate finds nothing in a house in order", async () => {
  const { success, text } = await look({
    "src/mesh/mod.ts": 'export { a } from "./a.ts";\n',
    "src/mesh/a.ts": "export const a = 1;\n",
  });
  assert.equal(text, "");
  assert.ok(success);
});

Deno.test("the gate refuses a circle of files, and names them", async () => {
  const { success, text } = await look({
    "src/mesh/a.ts": 'import type { B } from "./b.ts";\nexport type A = B;\n',
    "src/mesh/b.ts": 'export type { A as B } from "./c.ts";\n',
    "src/mesh/c.ts": 'export { type A } from "./a.ts";\n',
  });
  assert.ok(!success);
  assert.equal(
    text,
    "These import each other in a circle: src/mesh/a.ts, src/mesh/b.ts, src/mesh/c.ts\n",
  );
});

Deno.test("the gate refuses an import against the arrows, with its file and line", async () => {
  const { success, text } = await look({
    "src/mesh/a.ts": 'import "./b.ts";\nimport "../node/mod.ts";\n',
    "src/mesh/b.ts": "export {};\n",
    "src/node/mod.ts": "export {};\n",
  });
  assert.ok(!success);
  assert.equal(text, "src/mesh/a.ts:2: src/mesh must not import src/node\n");
});

Deno.test("the gate refuses a sentence that begins like a question and asks nothing", async () => {
  const { success, text } = await look({ "docs/a.md": "# A page\n\nWho joins signs.\n" });
  assert.ok(!success);
  assert.equal(
    text,
    'docs/a.md:3: a sentence begins with "Who" and asks nothing: give it a subject\n',
  );
});
