import assert from "node:assert/strict";
import fc from "fast-check";
import { BadFrameError, FRAME, frame, FrameParser } from "../../../src/mesh/lane/frames.ts";
import { GatheringWriter } from "../../../src/mesh/lane/gathering_writer.ts";
import { LaneChannel } from "../../../src/mesh/lane/lane_channel.ts";
import { join } from "../quic/bytes.ts";

/** Hands out what was written, in pieces of the given sizes. */
function connectionOf(bytes: Uint8Array, cuts: readonly number[]) {
  let at = 0;
  let turn = 0;
  return {
    read(buffer: Uint8Array): Promise<number | null> {
      const count = Math.min(cuts[turn++ % cuts.length]!, buffer.byteLength, bytes.length - at);
      buffer.set(bytes.subarray(at, at + count));
      at += count;
      return Promise.resolve(count === 0 ? null : count);
    },
    write: (written: Uint8Array) => Promise.resolve(written.byteLength),
    close: () => {},
  };
}

Deno.test("what is written comes out, however it is gathered, cut, mixed with signs of life, and recycled", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.integer({ min: 0, max: 150_000 }), { minLength: 1, maxLength: 6 }),
    fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 }),
    fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
    async (sizes, cuts, recycles) => {
      const sent: Uint8Array[] = [];
      const writer = new GatheringWriter({
        write: (bytes) => {
          const count = Math.min(bytes.byteLength, 70_000);
          sent.push(bytes.slice(0, count));
          return Promise.resolve(count);
        },
      }, (error) => assert.fail(String(error)));
      const expected = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
      for (const bytes of expected) {
        await writer.write(bytes);
        writer.send(FRAME.alive);
      }
      writer.send(FRAME.end);
      await writer.flushed();

      const channel = new LaneChannel(connectionOf(join(sent), cuts));
      const got: Uint8Array[] = [];
      const kept: Uint8Array[] = [];
      for (let turn = 0;; turn++) {
        const next = await channel.next();
        assert.ok(next !== null);
        if (next.kind === FRAME.end) break;
        assert.equal(next.kind, FRAME.data);
        got.push(next.bytes.slice());
        if (recycles[turn % recycles.length]) channel.recycle(next.bytes);
        else kept.push(next.bytes, next.bytes.slice());
      }
      assert.deepEqual(join(got), join(expected));
      // Bytes that nobody gave back are still what they were.
      for (let at = 0; at < kept.length; at += 2) assert.deepEqual(kept[at], kept[at + 1]);
      assert.equal(await channel.next(), null);
    },
  ));
});

Deno.test("small frames in a row are read as one piece", async () => {
  const sent = [1, 2, 3].map((value) => frame(FRAME.data, Uint8Array.of(value)));
  const channel = new LaneChannel(connectionOf(join(sent), [100]));
  assert.deepEqual((await channel.next())?.bytes, Uint8Array.of(1, 2, 3));
});

Deno.test("frames of unknown kinds, and longer ones than there are, are refused before they are kept", () => {
  for (const head of [[7, 0, 0, 1], [0, 1, 0, 1], [4, 0, 1, 1], [3, 255, 255, 255]]) {
    const buffer = Uint8Array.from(head);
    assert.throws(
      () => new FrameParser().next({ buffer, from: 0, to: buffer.byteLength }),
      BadFrameError,
    );
  }
});
