import assert from "node:assert/strict";
import { lastLookFile, readLastLook } from "../../../src/cli/update/last_look.ts";
import { temporaryFolder } from "../../support/program.ts";

Deno.test("readLastLook() reads what was written, and nothing else", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  assert.equal(await readLastLook(path), null);
  for (
    const text of [
      "",
      "{",
      "null",
      "[]",
      '{"version":"x","atMs":1}',
      '{"version":"1.0.0","atMs":1e99}',
    ]
  ) {
    await Deno.writeTextFile(lastLookFile(path), text);
    assert.equal(await readLastLook(path), null, text);
  }
  await Deno.writeTextFile(lastLookFile(path), '{"version":"1.0.0","atMs":5}');
  assert.deepEqual(await readLastLook(path), { version: "1.0.0", atMs: 5 });
});
