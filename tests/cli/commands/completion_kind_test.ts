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
  ["settings ", { models: "disk" }],
  ["settings guide ", null],
  ["plan ./m", { models: "all", files: "models" }],
  ["run ", { agents: true }],
  ["run goose ", null],
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
