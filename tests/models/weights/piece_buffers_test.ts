import assert from "node:assert/strict";
import fc from "fast-check";
import { PIECE_BYTES } from "../../../src/models/hashing/hash_tensors.ts";
import { PieceBuffers } from "../../../src/models/weights/piece_buffers.ts";

Deno.test("a buffer that was given back is taken again, by one at a time", () => {
  const buffers = new PieceBuffers();
  const [first, second] = [buffers.take(PIECE_BYTES), buffers.take(PIECE_BYTES - 1)];
  assert.notEqual(first.buffer, second.buffer);
  assert.equal(second.length, PIECE_BYTES - 1);
  buffers.giveBack(first);
  const [third, fourth] = [buffers.take(PIECE_BYTES / 2), buffers.take(PIECE_BYTES)];
  assert.equal(third.buffer, first.buffer);
  assert.equal(third.length, PIECE_BYTES / 2);
  assert.notEqual(fourth.buffer, third.buffer);
});

Deno.test("no two that have a piece have the same bytes, whatever is taken and given back", () => {
  // A length takes a piece of it, a negative number gives back one of those taken.
  const steps = fc.array(fc.integer({ min: -8, max: PIECE_BYTES }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (lengths) => {
      const buffers = new PieceBuffers();
      const taken: Uint8Array<ArrayBuffer>[] = [];
      for (const length of lengths) {
        if (length >= 0) {
          const piece = buffers.take(length);
          assert.equal(piece.length, length);
          assert.ok(taken.every(({ buffer }) => buffer !== piece.buffer));
          taken.push(piece);
        } else {
          const [given] = taken.splice(-length % Math.max(taken.length, 1), 1);
          if (given !== undefined) buffers.giveBack(given);
        }
      }
    }),
    { numRuns: 30 },
  );
});
