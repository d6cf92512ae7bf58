import assert from "node:assert/strict";
import { chat } from "../support/api_calls.ts";
import { programCommand, temporaryFolder } from "../support/program.ts";
import { testBinDir } from "../support/engine.ts";
import { answerTo, nodeTest } from "./mesh_of_nodes.ts";

/** A parent that starts a node with a pipe and reads none of it after the first line: 64 KiB later the node stood still. */
nodeTest("a node whose log nobody reads answers on, and stops in time", async () => {
  await using folder = await temporaryFolder();
  const args = [
    "--model",
    "guide",
    "--bin-dir",
    await testBinDir(),
    "--data-dir",
    `${folder.path}/data`,
  ];
  const free = ["--port", "0", "--console-port", "0", "--log-format", "json"];
  const env = { MESH_LLM_DEBUG: "1", LLAMA_ARG_THREADS: "1", OMP_WAIT_POLICY: "passive" };
  const command = programCommand([...args, ...free], { env }, folder.path);
  const node = command.spawn();
  const reader = node.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let log = "";
    let ready: string | undefined;
    while (ready === undefined) {
      const { value, done } = await reader.read();
      assert.ok(!done, log);
      log += value;
      ready = log.split("\n").slice(0, -1).find((line) => line.includes('"event":"ready"'));
    }
    const { api } = JSON.parse(ready);
    // Each causes some 2.5 KB of debug lines.
    for (let asked = 0; asked < 35; asked++) {
      assert.equal(await chat(api, "hello", { model: "guide" }), answerTo("hello"));
    }
    node.kill("SIGTERM");
    assert.equal((await node.status).code, 0);
  } finally {
    try {
      node.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await Promise.all([node.status, reader.cancel(), node.stderr.cancel()]);
  }
});
