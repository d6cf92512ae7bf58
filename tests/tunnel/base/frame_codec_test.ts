import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameError } from "../../../src/tunnel/base/errors.ts";
import { encodeFrame, FrameDecoder } from "../../../src/tunnel/base/frame_codec.ts";
import { cutAt, joined } from "../byte_cuts.ts";

const LIMITS = new Map([[1, 64], [2, 1_000]]);

const frame = fc.oneof(
  fc.record({ type: fc.constant(1), payload: fc.uint8Array({ maxLength: 64 }) }),
  fc.record({ type: fc.constant(2), payload: fc.uint8Array({ maxLength: 1_000 }) }),
);

function decodeAll(chunks: Uint8Array[]) {
  const decoder = new FrameDecoder(LIMITS);
  const frames = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let one = decoder.next(); one !== undefined; one = decoder.next()) frames.push(one);
  }
  return { frames, rest: decoder.rest() };
}

Deno.test("FrameDecoder gives the same frames for any cut of the bytes, and keeps them intact", () => {
  fc.assert(fc.property(
    fc.array(frame, { maxLength: 12 }),
    fc.array(fc.nat(2_000)),
    (frames, cuts) => {
      const bytes = joined(frames.map(({ type, payload }) => encodeFrame(type, payload)));
      const decoded = decodeAll(cutAt(bytes, cuts));
      assert.deepEqual(
        decoded.frames.map(({ type, payload }) => ({ type, payload: [...payload] })),
        frames.map(({ type, payload }) => ({ type, payload: [...payload] })),
      );
      assert.equal(decoded.rest.length, 0);
    },
  ));
});

Deno.test("FrameDecoder looks at nothing that was pushed before its release", () => {
  fc.assert(fc.property(
    fc.array(frame, { maxLength: 12 }),
    fc.array(fc.nat(2_000)),
    (frames, cuts) => {
      const decoder = new FrameDecoder(LIMITS);
      const decoded: number[][] = [];
      const bytes = joined(frames.map(({ type, payload }) => encodeFrame(type, payload)));
      for (const chunk of cutAt(bytes, cuts)) {
        decoder.push(chunk);
        for (let one = decoder.next(); one !== undefined; one = decoder.next()) {
          decoded.push([...one.payload]);
        }
        decoder.release();
        chunk.fill(0xee);
      }
      assert.deepEqual(decoded, frames.map(({ payload }) => [...payload]));
    },
  ));
});

Deno.test("FrameDecoder keeps a cut-off frame as its rest and gives no part of it", () => {
  fc.assert(fc.property(frame, fc.nat(), fc.array(fc.nat(2_000)), (one, cut, cuts) => {
    const whole = encodeFrame(one.type, one.payload);
    const bytes = whole.subarray(0, cut % whole.length);
    const { frames, rest } = decodeAll(cutAt(bytes, cuts));
    assert.deepEqual(frames, []);
    assert.deepEqual([...rest], [...bytes]);
  }));
});

Deno.test("FrameDecoder throws FrameError and nothing else on random bytes", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
    try {
      decodeAll(chunks);
    } catch (error) {
      assert.ok(error instanceof FrameError, String(error));
    }
  }));
});

Deno.test("FrameDecoder refuses a claimed length before its bytes come", () => {
  const decoder = new FrameDecoder(LIMITS);
  decoder.push(new Uint8Array([1, 0xff, 0xff, 0xff, 0xff]));
  assert.throws(() => decoder.next(), /claims 4294967295 bytes, 64 are allowed/);
});

Deno.test("FrameDecoder refuses an unknown type by its first byte", () => {
  const decoder = new FrameDecoder(LIMITS);
  decoder.push(new Uint8Array([9]));
  assert.throws(() => decoder.next(), FrameError);
});

Deno.test("FrameDecoder leaves what follows a frame unread for a stream that goes on unframed", () => {
  const decoder = new FrameDecoder(LIMITS);
  decoder.push(joined([encodeFrame(1, new Uint8Array([7])), new Uint8Array([200, 201])]));
  assert.deepEqual(decoder.next()?.payload, new Uint8Array([7]));
  assert.deepEqual(decoder.rest(), new Uint8Array([200, 201]));
});
