import assert from "node:assert/strict";
import { RequestQueues } from "../../../src/node/ends/request_queues.ts";
import type { HttpTarget, InferenceRequest } from "../../../src/tunnel/mod.ts";

function request(signal: AbortSignal): InferenceRequest {
  return { method: "POST", path: "/completion", headers: new Headers(), body: null, signal };
}

Deno.test("a model whose slots are all taken holds up no request for another", async () => {
  const asked: string[] = [];
  const queues = new RequestQueues({
    ask: ({ baseUrl }) => {
      asked.push(baseUrl);
      return Promise.resolve(new Response());
    },
  });
  const [chat, embedding] = ["chat", "embedding"].map((baseUrl): HttpTarget => ({
    baseUrl,
    apiKey: null,
  })) as [HttpTarget, HttpTarget];
  const answering = new AbortController();
  const waiting = Array.from(
    { length: 50 },
    () => queues.ask(chat, request(answering.signal)),
  );
  await waiting[0];
  const before = asked.length;
  assert.ok(before < 50, "the rest waits");
  await queues.ask(embedding, request(answering.signal));
  assert.deepEqual(asked.slice(before), ["embedding"]);
  answering.abort(new Error("The caller has its answer"));
  await Promise.allSettled(waiting);
});
