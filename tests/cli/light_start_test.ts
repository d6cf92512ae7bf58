/** Small commands load little: not libp2p, and above all not the QUIC addon. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** All that a file loads at once, by paths from the root; what it imports later is left out. */
async function loadedBy(path: string): Promise<readonly string[]> {
  const { stdout } = await deno(["info", "--json", path]);
  const { roots, modules } = JSON.parse(stdout) as Graph;
  const known = new Map(modules.map((module) => [module.specifier, module.dependencies ?? []]));
  const loaded = new Set<string>(roots);
  for (const specifier of loaded) {
    for (const { isDynamic, code } of known.get(specifier) ?? []) {
      if (!isDynamic && code?.specifier !== undefined) loaded.add(code.specifier);
    }
  }
  return [...loaded].map((specifier) => specifier.replace(`file://${ROOT}`, ""));
}

interface Graph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly isDynamic?: boolean;
      readonly code?: { readonly specifier?: string };
    }[];
  }[];
}

const NUMBERS =
  /^src\/(api|base|engine|mesh|models|node)\/(.*\/)?(config|timings|(\w+_)?defaults)\.ts$/;

for (const area of ["api", "engine", "mesh", "models", "node"]) {
  Deno.test(`src/${area}/config.ts loads settings and numbers, and nothing else`, async () => {
    const loaded = await loadedBy(`src/${area}/config.ts`);
    assert.ok(loaded.includes(`src/${area}/config.ts`));
    assert.deepEqual(loaded.filter((path) => !NUMBERS.test(path)), []);
  });
}

const COMMANDS = ["completions", "config", "engine", "models", "pair", "plan", "status", "token"];

Deno.test("no command but those that run a node loads the mesh", async () => {
  const isOfMesh = (path: string) =>
    /\blibp2p|^src\/(mesh|tunnel)\//.test(path) && !NUMBERS.test(path);
  const files = COMMANDS.map((name) => `src/cli/commands/run_${name}.ts`);
  for (const path of ["src/cli/mod.ts", "src/node/mod.ts", ...files]) {
    assert.deepEqual((await loadedBy(path)).filter(isOfMesh), [], path);
  }
  assert.notDeepEqual((await loadedBy("src/node/node.ts")).filter(isOfMesh), []);
});

/** All that the program needs of the system but one: leave to load native code. */
const PERMISSIONS = ["read", "write", "env", "sys", "net", "run"].map((name) => `--allow-${name}`);

const answered: readonly (readonly string[])[] = [
  ["--version"],
  ["--help"],
  ["completions", "bash"],
  ["complete", "--", "--mo"],
  ["complete", "--", "--model", ""],
  ["models"],
  ["plan", "guide"],
];

Deno.test("small commands need no leave to load native code", async () => {
  await using home = await temporaryFolder();
  const run = (...words: readonly string[]) =>
    deno(["run", "--quiet", "--no-prompt", ...PERMISSIONS, ...words], {
      MESH_LLM_HOME: home.path,
      NO_COLOR: "1",
    });
  for (const words of answered) {
    const { code, stdout, stderr } = await run("main.ts", ...words);
    assert.deepEqual([code, stderr], [0, ""], words.join(" "));
    assert.notEqual(stdout, "", words.join(" "));
  }
  const loads = join(home.path, "loads.ts");
  await Deno.writeTextFile(
    loads,
    `import { loadAddon } from ${
      JSON.stringify(join(ROOT, "src/mesh/quic/addon.ts"))
    };\nloadAddon();`,
  );
  assert.match((await run(loads)).stderr, /Requires ffi access/, "the addon needs it");
});

async function deno(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env,
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
