import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../src/mesh/keys.ts";
import {
  BadFrameError,
  type Frame,
  FrameDecoder,
  frameHeader,
} from "../../src/mesh/stream_frames.ts";

const frames = fc.array(fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes): Frame => ({ kind: "data", bytes })),
  fc.constant<Frame>({ kind: "end" }),
  fc.nat().map((bytes): Frame => ({ kind: "credit", bytes })),
));

function encode(frame: Frame): Uint8Array {
  if (frame.kind === "end") return frameHeader("end", 0);
  if (frame.kind === "credit") return frameHeader("credit", frame.bytes);
  return concatBytes(frameHeader("data", frame.bytes.byteLength), frame.bytes);
}

/** Frames with the pieces of one payload joined again. */
function summary(all: readonly Frame[]): string {
  return all.map((f) => f.kind === "data" ? f.bytes.toHex() : JSON.stringify(f)).join("");
}

Deno.test("frames come out as they went in, however the bytes were cut on the way", () => {
  fc.assert(fc.property(frames, fc.integer({ min: 1, max: 17 }), (sent, size) => {
    const wire = concatBytes(...sent.map(encode));
    const decoder = new FrameDecoder();
    const received: Frame[] = [];
    for (let i = 0; i < wire.byteLength; i += size) {
      received.push(...decoder.decode(wire.subarray(i, i + size)));
    }
    assert.equal(summary(received), summary(sent));
  }));
});

Deno.test("a frame of unknown kind is an error", () => {
  assert.throws(
    () => [...new FrameDecoder().decode(new Uint8Array([9, 0, 0, 0, 0]))],
    BadFrameError,
  );
});
