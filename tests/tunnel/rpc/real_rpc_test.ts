import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import type { Engine, ManagedServer } from "../../../src/engine/mod.ts";
import {
  forwardLocal,
  type RpcGate,
  RpcServerEnd,
  RpcTunnels,
  TunnelCounts,
} from "../../../src/tunnel/mod.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import answers from "../../support/guide_answers.json" with { type: "json" };
import { requestOf } from "../http_line.ts";
import { answerText, GUIDE, Llama, question, targetOf } from "../llama.ts";
import { QuicPair } from "../quic_pair.ts";

const found = await engineOrReason();
const logger = getLogger("test");
const MODEL = { name: "guide", fingerprint: "0f".repeat(32) };
const OTHER = { name: "other", fingerprint: "1e".repeat(32) };

/** A worker with a real rpc-server, and the host's port that leads to it over QUIC. */
async function tunnelled(engine: Engine) {
  const stack = new AsyncDisposableStack();
  const quic = stack.use(await QuicPair.connect());
  const llama = stack.use(await Llama.prepare(engine));
  const counts = new TunnelCounts();
  const open = counts.counting(() => quic.open(), "rpc");
  const split = { model: MODEL, term: 1 };
  const tunnels = new RpcTunnels({ open, split, mayPass: () => true, logger });
  stack.defer(() => tunnels.stop());
  const rpcServer = llama.rpcServer();
  const gate = { admit: async () => ({ port: await rpcServer.ready(), model: MODEL }) };
  const workerEnd = new RpcServerEnd({ gate, logger });
  quic.serve((stream) => workerEnd.handle(stream, "host-peer"));
  const rpcPort = tunnels.ensure("worker-peer");
  return {
    quic,
    tunnels,
    count: () => counts.snapshot()[0],
    launch: (modelPath: string) => llama.llamaServer(modelPath, [{ rpcPort, share: 1 }]),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function ask(server: ManagedServer, content: string, options: object = {}) {
  const headers = { "content-type": "application/json" };
  const request = requestOf({ headers, body: question(content, options) });
  return await forwardLocal(await targetOf(server), request);
}

engineTest(
  found,
  "the guide answers to the letter with its layers behind the tunnel",
  async (engine) => {
    await using split = await tunnelled(engine);
    // llama-server asks the worker on several connections, one after the other, before it loads.
    const server = split.launch(GUIDE);
    for (const [content, expected] of Object.entries(answers).slice(0, 1)) {
      assert.equal(await answerText(await ask(server, content)), expected);
      assert.equal(await answerText(await ask(server, content, { stream: true })), expected);
    }
    assert.equal(split.count()?.streams, 1);
    const { size } = await Deno.stat(GUIDE);
    assert.ok((split.count()?.bytesSent ?? 0) > size * 0.8, "the weights crossed the tunnel");
    await server.stop();
    // The worker's end closes by itself; the host's end has yet to hear of it.
    await split.quic.idle();
    await split.tunnels.stop();
    assert.equal(split.count()?.streams, 0);
  },
);

engineTest(
  found,
  "rpc-server serves the next llama-server after one was killed in a stream",
  async (engine) => {
    await using split = await tunnelled(engine);
    for (let round = 0; round < 3; round++) {
      const killed = split.launch(GUIDE);
      const answer = await ask(killed, "hello", {
        stream: true,
        ignore_eos: true,
        max_tokens: 2_000,
      });
      const reader = answer.body!.getReader();
      await reader.read();
      Deno.kill(killed.pid!, "SIGKILL");
      await assert.rejects(async () => {
        while (!(await reader.read()).done);
      });
    }
    const next = split.launch(GUIDE);
    assert.equal(await answerText(await ask(next, "hello")), answers.hello);
  },
);

/** A worker with two real rpc-servers, for two splits of one host: each split has a port of its own. */
async function twoSplits(engine: Engine) {
  const stack = new AsyncDisposableStack();
  const quic = stack.use(await QuicPair.connect());
  const llama = stack.use(await Llama.prepare(engine));
  const jobs = [MODEL, OTHER].map((model) => ({ model, rpcServer: llama.rpcServer() }));
  const gate: RpcGate = {
    admit: async ({ model }) => {
      const job = jobs.find((one) => one.model.fingerprint === model?.fingerprint);
      if (job === undefined) throw new Error("No such split");
      return { port: await job.rpcServer.ready(), model: job.model };
    },
  };
  const workerEnd = new RpcServerEnd({ gate, logger });
  quic.serve((stream) => workerEnd.handle(stream, "host-peer"));
  const splits = jobs.map(({ model, rpcServer }) => {
    const split = { model, term: 1 };
    const open = () => quic.open();
    const tunnels = new RpcTunnels({ open, split, mayPass: () => true, logger });
    stack.defer(() => tunnels.stop());
    const rpcPort = tunnels.ensure("worker-peer");
    return { rpcServer, llamaServer: llama.llamaServer(GUIDE, [{ rpcPort, share: 1 }]) };
  });
  return { splits, workerEnd, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

engineTest(
  found,
  "of two splits over the same two processes at once one is killed, and the other's stream misses nothing",
  async (engine) => {
    await using both = await twoSplits(engine);
    const [killed, kept] = both.splits as [typeof both.splits[0], typeof both.splits[0]];
    await Promise.all([killed.llamaServer.ready(), kept.llamaServer.ready()]);
    const long = { stream: true, ignore_eos: true, max_tokens: 120 };
    const expected = await answerText(await ask(kept.llamaServer, "hello", long));
    const dying = await ask(killed.llamaServer, "hello", { ...long, max_tokens: 5_000 });
    const living = await ask(kept.llamaServer, "hello", long);
    const [dead, alive] = [dying.body!.getReader(), living.body!.getReader()];
    const [, first] = await Promise.all([dead.read(), alive.read()]);
    Deno.kill(killed.rpcServer.pid!, "SIGKILL");
    await assert.rejects(async () => {
      while (!(await dead.read()).done);
    });
    both.workerEnd.reset(MODEL);
    const chunks = [first.value!];
    for (let read = await alive.read(); !read.done; read = await alive.read()) {
      chunks.push(read.value);
    }
    const whole = new Response(new Blob(chunks as BlobPart[]), { headers: living.headers });
    assert.equal(await answerText(whole), expected);
    assert.equal(await answerText(await ask(kept.llamaServer, "hello", long)), expected);
  },
);
