import assert from "node:assert/strict";
import { MAX_REQUEST_BODY_BYTES } from "../../../src/tunnel/base/defaults.ts";
import { HttpCaller } from "../../../src/tunnel/http/http_caller.ts";
import { HttpFrameReader } from "../../../src/tunnel/http/http_frame_reader.ts";
import { encodeHttpFrame } from "../../../src/tunnel/http/http_frames.ts";

/** A caller that sends these bytes, then stays silent until `hangUp`. */
function callerOf(parts: Iterator<Uint8Array>) {
  const silence = Promise.withResolvers<null>();
  const read = () => {
    const next = parts.next();
    return next.done ? silence.promise : Promise.resolve(next.value);
  };
  const stream = { read, write: () => silence.promise, closeWrite: () => silence.promise };
  const frames = new HttpFrameReader({ ...stream, reset: () => {} } as never);
  return { caller: new HttpCaller(frames), hangUp: () => silence.resolve(null) };
}

function* bodyOf(bytes: number): Generator<Uint8Array> {
  const part = encodeHttpFrame({ type: "body", bytes: new Uint8Array(65_536) });
  for (let left = bytes; left >= 65_536; left -= 65_536) yield part;
  if (bytes % 65_536 > 0) {
    yield encodeHttpFrame({ type: "body", bytes: new Uint8Array(bytes % 65_536) });
  }
  yield encodeHttpFrame({ type: "end" });
}

function streamOf({ body }: HttpCaller): ReadableStream<Uint8Array> {
  assert.ok(body instanceof ReadableStream);
  return body;
}

Deno.test("HttpCaller has the whole of a body that came with its opening", async () => {
  const [body, end] = [...bodyOf(5)];
  const frames = [body!, end!];
  const bytes = frames.flatMap((frame) => [...frame]);
  const opening = encodeHttpFrame({ type: "moved" }); // any frame: who reads the opening is not asked here
  const read = [Uint8Array.from([...opening, ...bytes])].values();
  const silence = Promise.withResolvers<null>();
  const stream = { read: () => Promise.resolve(read.next().value) };
  const reader = new HttpFrameReader(stream as never);
  await reader.expect();
  Object.assign(stream, { read: () => silence.promise });
  const caller = new HttpCaller(reader);
  assert.deepEqual(caller.body, new Uint8Array(5));
  silence.resolve(null);
  await caller.left;
  assert.match(String(caller.gone.reason), /hung up/);
});

Deno.test("HttpCaller passes a body of exactly the limit on", async () => {
  const { caller, hangUp } = callerOf(bodyOf(MAX_REQUEST_BODY_BYTES));
  let received = 0;
  for await (const bytes of streamOf(caller)) received += bytes.length;
  assert.equal(received, MAX_REQUEST_BODY_BYTES);
  hangUp();
  await caller.left;
});

Deno.test("HttpCaller breaks a body off that is one byte over the limit", async () => {
  const { caller } = callerOf(bodyOf(MAX_REQUEST_BODY_BYTES + 1));
  await assert.rejects(async () => {
    for await (const _bytes of streamOf(caller));
  }, /its body is over 67108864 bytes/);
  assert.match(String(caller.gone.reason), /over 67108864 bytes/);
});

// A user saw streams pile up: an answer that needs no body waited for ever behind the unread body.
Deno.test("HttpCaller hears that its peer left although nobody reads the body", async () => {
  const { caller, hangUp } = callerOf(bodyOf(1_000_000));
  caller.discardBody();
  hangUp();
  await caller.left;
  assert.ok(caller.gone.aborted);
});

Deno.test("HttpCaller refuses frames that are no part of a request's body", async () => {
  const end = encodeHttpFrame({ type: "end" });
  const after = [
    encodeHttpFrame({ type: "moved" }),
    end,
    encodeHttpFrame({ type: "failed", message: "", crashed: false }),
  ];
  for (const frame of after) {
    const { caller } = callerOf([end, frame].values());
    await caller.left;
    assert.match(String(caller.gone.reason), /does not belong there/);
  }
});
