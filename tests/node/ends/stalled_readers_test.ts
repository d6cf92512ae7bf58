/** Readers who keep a connection open and read nothing of their answers, from a real llama-server over real connections. */

import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { API_DEFAULTS } from "../../../src/api/config.ts";
import { serveApi } from "../../../src/api/mod.ts";
import type { Engine } from "../../../src/engine/mod.ts";
import { Readers } from "../../../src/node/ends/readers.ts";
import { RequestQueue } from "../../../src/node/ends/request_queue.ts";
import {
  forwardHttp,
  handleHttp,
  type HttpTarget,
  type InferenceRequest,
} from "../../../src/tunnel/mod.ts";
import { FakeNode, instance } from "../../api/fake_node.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { requestOf } from "../../tunnel/http_line.ts";
import { GUIDE, Llama, targetOf } from "../../tunnel/llama.ts";
import { QuicPair } from "../../tunnel/quic_pair.ts";

const found = await engineOrReason();
const logger = getLogger("test");
const STALLED_MS = 300;

/** More of it than all buffers on the way take: each token comes with all others that it might have been. */
const BODY = JSON.stringify({
  model: "guide",
  prompt: "a mesh",
  max_tokens: 2_000,
  ignore_eos: true,
  stream: true,
  logprobs: 300,
});
const HEADERS = { "content-type": "application/json" };

/** A real llama-server and the queue before it, which tells what its requests are and which it gives up. */
async function serving(engine: Engine) {
  const stack = new AsyncDisposableStack();
  const llama = stack.use(await Llama.prepare(engine));
  const target = await targetOf(llama.llamaServer(GUIDE));
  let stalled = 0;
  const queue = new RequestQueue({ stalledMs: STALLED_MS, stalled: () => stalled++ });
  const asked = Promise.withResolvers<InferenceRequest>();
  const ask = (_target: HttpTarget, request: InferenceRequest) => {
    asked.resolve(request);
    return queue.ask(target, request);
  };
  return {
    ask,
    target,
    /** The reader takes nothing, which nobody minds; then others need the place, and get it. */
    async check() {
      const { heldMs } = await asked.promise;
      await until(() => heldMs!() > 3 * STALLED_MS);
      assert.equal(stalled, 0, "nobody waits for its place");
      const drained = queue.drain();
      assert.ok(drained !== null, "it is answered still");
      await drained(AbortSignal.timeout(60_000));
      assert.equal(stalled, 1);
      await until(async () => !await isBusy(target));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function isBusy({ baseUrl, apiKey }: HttpTarget): Promise<boolean> {
  const slots = await fetch(`${baseUrl}/slots`, { headers: { authorization: `Bearer ${apiKey}` } });
  return (await slots.json()).some((slot: { is_processing: boolean }) => slot.is_processing);
}

engineTest(found, "a caller who reads nothing gives up its place to others", async (engine) => {
  await using host = await serving(engine);
  const node = new FakeNode({
    warm: [instance("self")],
    forward: (_instance, request) => host.ask(host.target, request),
  });
  const api = await serveApi(node, {
    config: { ...API_DEFAULTS, port: 0, consolePort: 0 },
    names: [],
    keys: [],
    adminKey: null,
    logger,
    assets: null,
  });
  const { hostname, port } = new URL(api.apiUrl);
  const socket = await Deno.connect({ hostname, port: Number(port) });
  try {
    const head = `POST /v1/completions HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n`;
    await socket.write(new TextEncoder().encode(head + BODY));
    await host.check();
  } finally {
    socket.close();
    await api.stop();
  }
});

engineTest(
  found,
  "a node whose caller reads nothing gives up its place to others",
  async (engine) => {
    await using host = await serving(engine);
    await using quic = await QuicPair.connect();
    const grants = { admit: () => ({ refused: null, passed: () => {}, ended: () => {} }) };
    quic.serve((stream) =>
      handleHttp(stream, "asker", { find: () => host.target, grants, ask: host.ask, logger })
    );
    const asked = requestOf({ path: "/v1/completions", headers: HEADERS, body: BODY });
    const answer = await forwardHttp(() => quic.open(), "host", asked);
    await host.check();
    // A reader that comes back sees that the answer broke off, and can have it continued.
    await assert.rejects(answer.text(), /broke off/);
  },
);

Deno.test("a reader who takes something now and then keeps its place", async () => {
  const pace = { heldMs: 0 };
  const lost: Error[] = [];
  const looked = Promise.withResolvers<void>();
  let looks = 0;
  const readers = new Readers({ stalledMs: 2 }, () => true);
  const forget = readers.watch({ baseUrl: "http://127.0.0.1:1", apiKey: null }, {
    ...requestOf({}),
    heldMs: () => {
      if (++looks === 5) looked.resolve();
      return pace.heldMs;
    },
    lost: (reason) => lost.push(reason),
  });
  pace.heldMs = 1;
  await looked.promise;
  assert.equal(lost.length, 0);
  pace.heldMs = 2;
  await until(() => lost.length > 0);
  assert.equal(lost.length, 1);
  forget();
});
