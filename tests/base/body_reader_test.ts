import assert from "node:assert/strict";
import { BodyReader } from "../../src/base/body_reader.ts";

/** A body as the answer of a socket is one: it writes into its reader's buffer. */
function socketBody(pieces: readonly string[], onCancel = () => {}): ReadableStream<Uint8Array> {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest?.view;
      const piece = left.shift();
      if (piece === undefined) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else if (view) {
        new Uint8Array(view.buffer, view.byteOffset).set(piece);
        controller.byobRequest!.respond(piece.length);
      } else controller.enqueue(piece);
    },
    cancel: onCancel,
  });
}

async function textsOf(body: ReadableStream<Uint8Array>): Promise<string[]> {
  const reader = new BodyReader(body);
  const pieces: Uint8Array[] = [];
  for (let piece = await reader.read(); piece !== null; piece = await reader.read()) {
    pieces.push(piece);
  }
  // Read only when all have come: none may lie in the buffer that the next was read into.
  return pieces.map((piece) => new TextDecoder().decode(piece));
}

Deno.test("BodyReader gives the pieces of every kind of body, each in memory of its own", async () => {
  const pieces = ["data: one\n\n", "data: two, longer\n\n", "x"];
  assert.deepEqual(await textsOf(socketBody(pieces)), pieces);
  const made = ReadableStream.from(pieces).pipeThrough(new TextEncoderStream());
  assert.deepEqual(await textsOf(made), pieces);
  assert.deepEqual(await textsOf(new Response("made here").body!), ["made here"]);
});

Deno.test("BodyReader throws what broke the body off", async () => {
  for (const type of [undefined, "bytes"] as const) {
    const body = new ReadableStream<Uint8Array>({
      type: type as undefined,
      pull: (controller) => controller.error(new Error("cut")),
    });
    await assert.rejects(new BodyReader(body).read(), /cut/);
  }
});

Deno.test("cancel() reaches the body, also while it is read, and a body that has ended", async () => {
  const cancelled = Promise.withResolvers<void>();
  const waiting = new ReadableStream<Uint8Array>({
    type: "bytes",
    pull: () => new Promise(() => {}),
    cancel: () => cancelled.resolve(),
  });
  const reader = new BodyReader(waiting);
  const reading = reader.read();
  reader.cancel();
  await cancelled.promise;
  assert.equal(await reading, null);
  const ended = new BodyReader(socketBody([]));
  assert.equal(await ended.read(), null);
  ended.cancel();
});

Deno.test("BodyReader breaks off what is being read, also where its source never says another word", async () => {
  const silent = new Promise<void>(() => {});
  for (const type of ["bytes", undefined] as const) {
    const body = new ReadableStream({ type: type as "bytes", pull: () => silent });
    const reader = new BodyReader(body);
    const reading = reader.read();
    reader.fail(new Error("it is frozen"));
    await assert.rejects(reading, /it is frozen/);
    await assert.rejects(reader.read(), /it is frozen/);
  }
});
