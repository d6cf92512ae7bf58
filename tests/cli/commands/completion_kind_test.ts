import assert from "node:assert/strict";
import { completionKind, valueOn } from "../../../src/cli/commands/completion_kind.ts";
import type { Actions } from "../../../src/cli/config/program/actions.ts";
import { createCommands } from "../../../src/cli/config/program/program.ts";

const program = createCommands({} as Actions, { write: () => {}, prepare: () => {} });

const kinds: [line: string, kind: ReturnType<typeof completionKind>][] = [
  ["", null],
  ["dro", null],
  ["--mod", null],
  ["--port ", null],
  ["token --role ", null],
  ["--model ", { models: "disk", files: "models" }],
  ["--model a --model b", { models: "disk", files: "models" }],
  ["--data-dir ", { folders: true }],
  ["--api-key-file k", { files: "all" }],
  ["drop ", { models: "disk" }],
  ["rm --yes ", { models: "disk" }],
  ["drop --data-dir /d g", { models: "disk" }],
  ["drop guide ", null],
  ["chat ", { models: "mesh" }],
  ["chat gui", { models: "mesh" }],
  ["chat --no-history --data-dir /d ", { models: "mesh" }],
  ["--data-dir /d chat ", { models: "mesh" }],
  ["chat guide ", null],
  ["chat --api http://mini.lan:9337 ", null],
  ["chat --api=http://mini.lan:9337 ", null],
  ["chat --data-dir ", { folders: true }],
  ["serve ", { models: "disk" }],
  ["rm g", { models: "disk" }],
  ["rm guide ", null],
  ["pull ", { models: "missing" }],
  ["download --models-dir /m q", { models: "missing" }],
  ["ls ", null],
  ["token list ", null],
  ["key make bob --model ", { models: "mesh" }],
  ["key make ", null],
  ["token revoke ", null],
  ["console --model ", { models: "disk", files: "models" }],
  // The value of an option may be a command's name.
  ["--name chat ", null],
  ["chat chat ", null],
  ["settings ", { models: "disk" }],
  ["settings guide ", null],
  ["plan ./m", { models: "all", files: "models" }],
  ["run ", { agents: true }],
  ["run goose ", null],
  ["run goose --model ", { models: "mesh" }],
  ["run --exec ", { agents: true }],
  ["run aider --exec -- ", null],
  ["run aider --exec -- chat ", null],
];

for (const [line, kind] of kinds) {
  Deno.test(`completionKind() of "${line}" is ${JSON.stringify(kind)}`, () => {
    assert.deepEqual(completionKind(line.split(" "), program), kind);
  });
}

Deno.test("valueOn() finds what an option is given, and not what is still typed", () => {
  assert.equal(valueOn(["--data-dir", "/d", "--model", ""], "--data-dir"), "/d");
  assert.equal(valueOn(["--model", ""], "--data-dir"), undefined);
  assert.equal(valueOn(["--data-dir"], "--data-dir"), undefined);
});
