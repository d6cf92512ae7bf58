import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import type { Engine, ManagedServer } from "../../../src/engine/mod.ts";
import { forwardLocal, RpcServerEnd, RpcTunnels, TunnelCounts } from "../../../src/tunnel/mod.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import answers from "../../support/guide_answers.json" with { type: "json" };
import { requestOf } from "../http_line.ts";
import { answerText, GUIDE, Llama, question, targetOf } from "../llama.ts";
import { QuicPair } from "../quic_pair.ts";

const found = await engineOrReason();
const logger = getLogger("test");

/** A worker with a real rpc-server, and the host's port that leads to it over QUIC. */
async function tunnelled(engine: Engine) {
  const stack = new AsyncDisposableStack();
  const quic = stack.use(await QuicPair.connect());
  const llama = stack.use(await Llama.prepare(engine));
  const counts = new TunnelCounts();
  const open = counts.counting(() => quic.open(), "rpc");
  const tunnels = new RpcTunnels({ open, terms: { currentTerm: () => 1 }, logger });
  stack.defer(() => tunnels.stop());
  const rpcServer = llama.rpcServer();
  const gate = { admit: () => rpcServer.ready() };
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
