import type { Logger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { startWeeklyLook } from "../../../src/cli/commands/weekly_look.ts";
import { temporaryFolder } from "../../support/program.ts";

Deno.test("startWeeklyLook() says that a program without a key for releases looks for none", async () => {
  await using folder = await temporaryFolder();
  const said: string[] = [];
  const warn = (_: string, { sentence }: { readonly sentence: string }) => said.push(sentence);
  const newer = startWeeklyLook(folder.path, {
    environment: {},
    logger: { warn } as unknown as Logger,
    done: Promise.resolve(),
  });
  assert.equal(newer(), null);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /a source without a key for releases/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder.path)), []);
});
