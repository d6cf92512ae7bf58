/** Files that go, and models that are taken away, while somebody is asking for them. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { GUIDE } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { engineProcesses } from "../support/processes.ts";
import { runProgram } from "../support/program.ts";
import { answersExactly, nodeTest, startServing, until } from "./mesh_of_nodes.ts";

/** About 15 ms a token on one thread. */
const SLOW = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });

/** Far beyond what an answer takes, and less than a request is held. */
const LIMIT_MS = 60_000;

nodeTest(
  "a file that is deleted while it is served is missed once it is to be loaded again",
  async () => {
    await using dir = await tempDir();
    const file = join(dir.path, "gone.gguf");
    await Deno.copyFile(GUIDE, file);
    await using node = await startServing(["--model", file, "--idle-unload", "2s"]);
    await node.serving("gone");
    await Deno.remove(file);
    await answersExactly(node, "gone");
    await node.waitFor("resting");
    const since = node.lines.length;
    for (const more of [{}, { stream: true }, {}]) {
      const { text } = await ask(node, "gone", more);
      assert.match(text, /'gone' can't be loaded .* its file gone\.gguf is gone: put it back/);
    }
    assert.deepEqual(await engineProcesses(node.pid, "llama-server"), []);
    await Deno.copyFile(GUIDE, file);
    await node.serving("gone", { since });
    await answersExactly(node, "gone");
  },
);

nodeTest("a llama-server that ends is not started again without its file", async () => {
  await using dir = await tempDir();
  const file = join(dir.path, "gone.gguf");
  await Deno.copyFile(GUIDE, file);
  await using node = await startServing(["--model", file]);
  await node.serving("gone");
  await Deno.remove(file);
  const [server] = await engineProcesses(node.pid, "llama-server");
  Deno.kill(server!.pid, "SIGKILL");
  const { status, text } = await ask(node, "gone");
  assert.equal(status, 503);
  assert.match(text, /'gone' can't be loaded .*gone\.gguf/);
  await until(
    node,
    "saying why",
    ({ models }) => models.some(({ reason }) => /its file gone\.gguf is gone/.test(reason ?? "")),
  );
  assert.deepEqual(await engineProcesses(node.pid, "llama-server"), []);
});

nodeTest(
  "a model that is dropped under its requests ends each with its answer or a reason",
  async () => {
    await using node = await startServing(["--model", SLOW, "--parallel", "2"]);
    const model = basename(SLOW, ".gguf");
    await node.serving(model);
    await using client = await startServing(["--client", "--join", node.token]);
    await until(
      client,
      "knowing the model",
      ({ models }) => models.some(({ name, state }) => name === model && state === "warm"),
    );
    const asked = [node, client].flatMap((one) =>
      [true, false].map((stream) => ask(one, model, { stream, max_tokens: 300 }))
    );
    await until(node, "answering", ({ node: { tokensPerSecond } }) => tokensPerSecond > 0);
    const { code, stderr } = await runProgram(["drop", model, "--data-dir", node.dataDir]);
    assert.equal(code, 0, stderr);
    for (const { status, text } of await Promise.all(asked)) {
      if (/"finish_reason":"length"/.test(text)) assert.equal(status, 200);
      else {assert.match(
          text,
          new RegExp(`The model '${model}' is served no longer: it was dropped`),
        );}
    }
    assert.equal((await ask(client, model)).status, 404);
  },
);

/** The whole answer, whatever it is. @throws where it takes too long. */
async function ask({ ready: { api } }: NodeProcess, model: string, more: object = {}) {
  const response = await fetch(`${api}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, prompt: "a mesh", max_tokens: 8, ignore_eos: true, ...more }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  return { status: response.status, text: await response.text() };
}
