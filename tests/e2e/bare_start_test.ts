/** A supervisor's restart: the program, without the arguments that somebody typed once. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { startNode } from "../support/node_process.ts";
import { nodeTest, startServing } from "./mesh_of_nodes.ts";

const GUIDE = new URL("../../src/models/guide/guide.gguf", import.meta.url);

nodeTest("a bare start serves what was served, from wherever it is made", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  await Deno.copyFile(GUIDE, join(folder.path, "mine.gguf"));
  await using first = await startServing(["--model", "./mine.gguf"], { dataDir, cwd: folder.path });
  await first.serving("mine");
  await first.stop();
  await using second = await startServing([], { dataDir });
  await second.serving("mine");
  assert.equal(second.ready.node, first.ready.node);
});

nodeTest("a bare start of a client is a client again", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  await using host = await startServing(["--model", "guide"]);
  await using first = await startNode({ args: ["--client", "--join", host.token], dataDir });
  await first.stop();
  await using second = await startNode({ dataDir });
  assert.equal(second.ready.node, first.ready.node);
  assert.equal((await second.status()).node.role, "client");
});

Deno.test("a bare start with nothing to serve fails where a supervisor reads the log", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  const outcome = await runProgram(["--log-format", "json", "--data-dir", dataDir]);
  assert.equal(outcome.code, 1);
  const { level, event, message } = JSON.parse(outcome.stdout);
  assert.deepEqual([level, event], ["error", "error"]);
  assert.match(message, /^Nothing is to be served: .*--model/);
  await assert.rejects(Deno.stat(dataDir), Deno.errors.NotFound);
});
