import assert from "node:assert/strict";
import { ownFolders } from "../../../src/cli/client/own_folders.ts";
import type { CliContext } from "../../../src/cli/config/cli_context.ts";

function foldersBy(text: string | undefined) {
  const facts = {
    home: "/home/ann",
    cwd: "/work",
    readConfig: (path: string) =>
      path === "/data/config.toml" && text !== undefined ? { text, mode: 0o600 } : undefined,
  } as CliContext["facts"];
  return ownFolders("/data", { environment: {}, facts });
}

const cases: [text: string | undefined, modelsDir: string | null, binDir: string | null][] = [
  [undefined, null, null],
  ['port = 1\n[model."guide"]\nctx = 512\n', null, null],
  ['models-dir = "/srv/models"\n', "/srv/models", null],
  ['models-dir = "~/models"\nbin-dir = "llama"\n', "/home/ann/models", "/work/llama"],
];

for (const [text, modelsDir, binDir] of cases) {
  Deno.test(`ownFolders() has the folders that a start would take from ${JSON.stringify(text)}`, () => {
    assert.deepEqual(foldersBy(text), { modelsDir, binDir });
  });
}

Deno.test("ownFolders() refuses a file that a start would refuse", () => {
  for (const text of ["models-dir = 3 4", 'models-dri = "/srv"', 'models-dir = ""']) {
    assert.throws(() => foldersBy(text), /\/data\/config\.toml/, text);
  }
});
