import assert from "node:assert/strict";
import { encodeHttpFrame } from "../../../src/tunnel/http/http_frames.ts";
import { forwardHttp, MovedError, TunnelError, UnreachableError } from "../../../src/tunnel/mod.ts";
import { endless, HOST, HttpLine, MODEL, PlayedLine, requestOf } from "../http_line.ts";
import { QuicPair } from "../quic_pair.ts";
import { pattern } from "../tcp_pair.ts";

Deno.test("a model that the host no longer serves is a MovedError", async () => {
  await using line = await HttpLine.open((model) => {
    assert.deepEqual(model, MODEL);
    return null;
  });
  await assert.rejects(line.ask(), MovedError);
  assert.equal(await line.openStreams(), 0);
});

Deno.test("a llama-server that can't be reached is a TunnelError that says so", async () => {
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const baseUrl = `http://127.0.0.1:${gone.addr.port}`;
  gone.close();
  await using line = await HttpLine.open(() => ({ baseUrl, apiKey: null }));
  await assert.rejects(
    line.ask(),
    (error) => error instanceof TunnelError && /Could not ask llama-server/.test(error.message),
  );
  assert.equal(await line.openStreams(), 0);
});

Deno.test("a peer that can't be reached is a TunnelError", async () => {
  const open = () => Promise.reject(new Error("No address answered"));
  await assert.rejects(
    forwardHttp(open, HOST, requestOf({})),
    (error) => error instanceof TunnelError && /Could not reach host-peer: No/.test(error.message),
  );
});

Deno.test("a peer that does not take the stream in time was not reached, and the stream is reset", async () => {
  const reset = Promise.withResolvers<Error>();
  let connected = 0;
  const stream = {
    taken: new Promise<void>(() => {}),
    read: () => reset.promise.then((reason) => Promise.reject(reason)),
    write: () => Promise.resolve(),
    closeWrite: () => Promise.resolve(),
    reset: reset.resolve,
  };
  const request = { ...requestOf({}), openMs: 20, connected: () => connected++ };
  const asking = forwardHttp(() => Promise.resolve(stream), HOST, request);
  await assert.rejects(asking, (error) => {
    return error instanceof UnreachableError && /it was silent for 0.0 s/.test(error.message);
  });
  assert.equal(connected, 0);
});

Deno.test("a peer that has taken the stream may think for longer than that", async () => {
  const answered = Promise.withResolvers<void>();
  const parts = [
    encodeHttpFrame({ type: "reply", head: { status: 200, headers: [] } }),
    encodeHttpFrame({ type: "end" }),
  ];
  const stream = {
    taken: Promise.resolve(),
    read: () => answered.promise.then(() => parts.shift() ?? null),
    write: () => Promise.resolve(),
    closeWrite: () => Promise.resolve(),
    reset: answered.reject,
  };
  const openMs = 1;
  const connected = () => void setTimeout(() => answered.resolve(), 2 * openMs);
  const request = { ...requestOf({}), openMs, connected };
  const answer = await forwardHttp(() => Promise.resolve(stream), HOST, request);
  assert.equal(await answer.text(), "");
});

Deno.test("an answer that llama-server breaks off fails at the reader", async () => {
  const dying = Promise.withResolvers<void>();
  await using played = await PlayedLine.open(() => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(pattern(1_000)),
      pull: async (controller) => {
        await dying.promise;
        controller.error(new Error("llama-server died"));
      },
    });
    return new Response(body);
  });
  const reader = (await played.ask()).body?.getReader();
  await reader?.read();
  // Not before: a reset overtakes what the reader has not taken yet, the head of the answer too.
  dying.resolve();
  await assert.rejects(async () => {
    while ((await reader?.read())?.done === false);
  }, TunnelError);
  assert.equal(await played.line.openStreams(), 0);
});

Deno.test("an answer fails at the reader when its connection is lost", async () => {
  await using played = await PlayedLine.open(() => new Response(endless(() => {}).body));
  const answer = await played.ask();
  const reader = answer.body?.getReader();
  await reader?.read();
  await played.line.quic[Symbol.asyncDispose]();
  await assert.rejects(async () => {
    while ((await reader?.read())?.done === false);
  }, TunnelError);
});

/** The asking end's result for exactly these bytes and a clean half-close. */
async function answerOf(...parts: Uint8Array[]): Promise<Uint8Array> {
  await using quic = await QuicPair.connect();
  quic.serve(async (stream) => {
    await stream.read();
    for (const part of parts) await stream.write(part);
    await stream.closeWrite();
    while (await stream.read() !== null);
  });
  const answer = await forwardHttp(() => quic.open(), HOST, requestOf({}));
  return await answer.bytes();
}

Deno.test("an answer without its end frame fails, however cleanly the stream ends", async () => {
  const head = encodeHttpFrame({ type: "reply", head: { status: 200, headers: [] } });
  const body = encodeHttpFrame({ type: "body", bytes: pattern(100) });
  const end = encodeHttpFrame({ type: "end" });
  assert.equal((await answerOf(head, body, end)).length, 100);
  await assert.rejects(answerOf(), TunnelError);
  await assert.rejects(answerOf(head), TunnelError);
  await assert.rejects(answerOf(head, body), TunnelError);
  await assert.rejects(answerOf(head, body.subarray(0, 50)), TunnelError);
  await assert.rejects(answerOf(body, end), TunnelError);
  await assert.rejects(answerOf(head, head, end), TunnelError);
});
