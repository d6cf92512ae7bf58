/** No request is lost with its host: nodes, llama-servers and workers are killed while they answer. */

import assert from "node:assert/strict";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { engineProcesses } from "../support/processes.ts";
import { answerTo, nodeTest, QUESTION, startServing, until, warm } from "./mesh_of_nodes.ts";
import { type StreamedAnswer, streamedAnswer } from "./streamed_answer.ts";

/** Kills of each kind; a night has time for 50. */
const KILLS = Number(Deno.env.get("MESH_LLM_TEST_KILLS") ?? 3);

/** About 15 ms a token on one thread. */
const MODEL = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });
const NAME = MODEL.replace(/^.*\//, "").replace(/\.gguf$/, "");

/** Pieces of text in the answer, one for each letter. */
const PIECES = answerTo(QUESTION).length;

interface Disturbance {
  /** Is called once at a random moment of each answer; resolves when all is as before. */
  kill(host: string): Promise<() => Promise<unknown>>;
}

/** Asks again and again, and every time something is killed meanwhile. */
async function answersInSpiteOf(
  client: NodeProcess,
  { kill }: Disturbance,
  kills = KILLS,
): Promise<void> {
  const ask = (at: number, then: (host: string) => void) =>
    streamedAnswer(client.ready.api, { model: NAME, question: QUESTION, at, then });
  const undisturbed = await ask(Infinity, () => {});
  for (let count = 0; count < kills; count++) {
    const at = 1 + Math.floor(Math.random() * (PIECES - 2));
    let killing: ReturnType<Disturbance["kill"]> | undefined;
    const answer = await ask(at, (host) => killing = kill(host));
    assertWhole(answer, undisturbed, `killed after ${at} pieces`);
    const restore = await killing;
    assert.ok(restore !== undefined);
    await restore();
  }
}

function assertWhole(answer: StreamedAnswer, undisturbed: StreamedAnswer, what: string): void {
  assert.equal(answer.text, answerTo(QUESTION), what);
  assert.equal(answer.ids.size, 1, what);
  assert.deepEqual(answer.finishReasons, ["stop"], what);
  assert.equal(answer.ends, 1, what);
  for (const count of ["prompt_tokens", "completion_tokens", "total_tokens"]) {
    assert.equal(answer.usage[count], undisturbed.usage[count], `${what}: ${count}`);
  }
}

/** An instance whose node was killed may be listed for as long as QUIC waits: the next one does not care. */
function warmOn(client: NodeProcess, host: NodeProcess) {
  return until(client, `${NAME} warm on ${host.name}`, ({ models }) => {
    const model = models.find(({ name }) => name === NAME);
    return model?.instances.some((one) => one.host === host.ready.node && one.state === "warm") ===
      true;
  });
}

async function killServer(node: NodeProcess): Promise<void> {
  const [server] = await engineProcesses(node.pid, "llama-server");
  assert.ok(server !== undefined);
  Deno.kill(server.pid, "SIGKILL");
}

nodeTest("an answer goes on exactly where the node that gave it is killed", async () => {
  await using anchor = await startServing(["--model", "guide"]);
  await using client = await startServing(["--client", "--join", anchor.token]);
  const startHost = () => startServing(["--model", MODEL, "--join", anchor.token]);
  const hosts = new Set([await startHost(), await startHost()]);
  try {
    for (const host of hosts) await warmOn(client, host);
    await answersInSpiteOf(client, {
      async kill(id) {
        const host = [...hosts].find(({ ready }) => ready.node === id);
        assert.ok(host !== undefined, `${id} answers`);
        host.kill("SIGKILL");
        hosts.delete(host);
        await host[Symbol.asyncDispose]();
        return async () => {
          const host = await startHost();
          hosts.add(host);
          await warmOn(client, host);
        };
      },
    });
  } finally {
    await Promise.all([...hosts].map((host) => host[Symbol.asyncDispose]()));
  }
});

nodeTest("an answer waits for the one llama-server that can give it to start again", async () => {
  await using host = await startServing(["--model", MODEL]);
  await host.serving(NAME);
  await answersInSpiteOf(host, {
    async kill() {
      await killServer(host);
      return () => Promise.resolve();
    },
  });
});

nodeTest("an answer goes on when a worker of its split is killed", async () => {
  await using host = await startServing(["--model", MODEL, "--split", "--max-vram", "2"]);
  const startWorker = () => startServing(["--join", host.token, "--max-vram", "1"]);
  let worker = await startWorker();
  try {
    await until(host, "a warm split", warm(NAME, "split"));
    await answersInSpiteOf(host, {
      async kill() {
        worker.kill("SIGKILL");
        await worker[Symbol.asyncDispose]();
        return async () => {
          worker = await startWorker();
          await until(host, "a warm split again", warm(NAME, "split"));
        };
      },
    }, Math.ceil(KILLS / 3));
  } finally {
    await worker[Symbol.asyncDispose]();
  }
});

nodeTest("an answer that can't be continued exactly ends with an error that says so", async () => {
  await using host = await startServing(["--model", MODEL]);
  await host.serving(NAME);
  const asked = streamedAnswer(host.ready.api, {
    model: NAME,
    question: QUESTION,
    at: 20,
    then: () => void killServer(host),
    more: { logprobs: true },
  });
  await assert.rejects(asked, /it has logprobs.*answer_interrupted/);
});

nodeTest("an answer that is not streamed is asked for again, whole", async () => {
  await using host = await startServing(["--model", MODEL]);
  await host.serving(NAME);
  const answer = host.chat(QUESTION, { model: NAME });
  await until(host, "answering", ({ node }) => node.role === "host");
  await killServer(host);
  assert.equal(await answer, answerTo(QUESTION));
});
