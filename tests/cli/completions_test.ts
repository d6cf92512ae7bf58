import assert from "node:assert/strict";
import { join } from "node:path";
import { SHELLS } from "../../src/cli/config/program/actions.ts";
import { entry } from "../support/catalog_entries.ts";
import { runProgram } from "../support/program.ts";
import { withManagementApi } from "./management.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A shell's offers for a line: `value<TAB>description`, without the directive at the end. */
async function offers(...words: string[]): Promise<string[]> {
  const { code, stdout } = await runProgram(["complete", "--", ...words]);
  assert.equal(code, 0);
  return stdout.trimEnd().split("\n").slice(0, -1).map((line) => line.split("\t")[0] ?? "");
}

Deno.test("commands, options and their values are completed, and what is hidden is not", async () => {
  assert.deepEqual(await offers("tok"), ["token"]);
  assert.ok((await offers("")).includes("completions"));
  assert.ok(!(await offers("")).includes("complete"));
  assert.deepEqual(await offers("--model"), ["--model", "--models-dir"]);
  assert.deepEqual(await offers("token", "--role", ""), ["member", "client"]);
  assert.ok((await offers("engine", "")).includes("install"));
});

for (const shell of SHELLS) {
  Deno.test(`completions ${shell} prints a script that asks mesh-llm`, async () => {
    const { code, stdout, stderr } = await runProgram(["completions", shell]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /mesh-llm complete -- /);
  });
}

Deno.test("bash completes with the script that was printed", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mesh-llm-test-" });
  try {
    const program = `#!/bin/sh\nexec "${Deno.execPath()}" run -A --quiet "${MAIN}" "$@"\n`;
    await Deno.writeTextFile(join(folder, "mesh-llm"), program, { mode: 0o755 });
    // The function is of the package bash-completion, which a machine may lack.
    const script = `
      _get_comp_words_by_ref() { cur=eng; prev=mesh-llm; words=(mesh-llm eng); cword=1; }
      source <(mesh-llm completions bash)
      complete -p mesh-llm
      __mesh_llm_complete
      echo "offers \${COMPREPLY[0]}"`;
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      env: { PATH: `${folder}:${Deno.env.get("PATH")}` },
    }).output();
    const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.match(text ?? "", /^complete .*-F __mesh_llm_complete mesh-llm/m, errors);
    assert.match(text ?? "", /^offers engine/m, errors);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("another shell is refused with those that there are", async () => {
  const { code, stderr } = await runProgram(["completions", "tcsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh, fish/);
});

Deno.test("models are offered where a command can do something with them", () => {
  const entries = [
    entry({ name: "here", places: ["disk"] }),
    entry({ name: "there", places: ["mesh", "catalog"] }),
    entry({ name: "nowhere", places: ["catalog"] }),
    entry({ name: "hurt", places: ["disk"], broken: "cut off" }),
  ];
  const answer = (path: string) => Response.json(path === "/api/catalog" ? entries : {});
  return withManagementApi({ answer }, async ({ dataDir }) => {
    const table: [string, string[]][] = [
      ["chat", ["here", "there"]],
      ["run goose --model", ["here", "there"]],
      ["serve", ["here"]],
      ["drop", ["here"]],
      ["rm", ["here"]],
      ["settings", ["here"]],
      ["pull", ["there", "nowhere"]],
      ["download", ["there", "nowhere"]],
    ];
    const found = await Promise.all(
      table.map(([line]) => offers("--data-dir", dataDir, ...line.split(" "), "")),
    );
    assert.deepEqual(found, table.map(([, names]) => names));
  });
});
