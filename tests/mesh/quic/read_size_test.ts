import fc from "fast-check";
import assert from "node:assert/strict";
import { QUIET_READ_BYTES, READ_BYTES } from "../../../src/mesh/quic/limits.ts";
import { ReadSize } from "../../../src/mesh/quic/read_size.ts";

/** The sizes of the reads that messages of these lengths took, one message at a time. */
function readsOf(lengths: readonly number[]): number[] {
  const size = new ReadSize();
  const sizes: number[] = [];
  for (const length of lengths) {
    for (let rest = length; rest > 0;) {
      const bytes = Math.min(rest, size.next);
      sizes.push(size.next);
      size.brought(bytes);
      rest -= bytes;
    }
  }
  return sizes;
}

Deno.test("the reads of a stream are as large as what it brings", () => {
  const small = readsOf(Array(50).fill(1_400));
  assert.ok(small.every((size) => size === QUIET_READ_BYTES));
  const tokens = readsOf(Array(100).fill(5_900));
  assert.equal(tokens.length, 101, "only the first is cut");
  assert.equal(tokens.at(-1), 8_192);
  const bulk = readsOf([10_000_000, ...Array(100).fill(100)]);
  assert.ok(bulk.slice(1, 150).every((size) => size === READ_BYTES));
  assert.equal(bulk.at(-1), QUIET_READ_BYTES);
});

Deno.test("a read is never smaller than the least nor larger than the most", () => {
  fc.assert(fc.property(fc.array(fc.nat(300_000)), (lengths) => {
    for (const size of readsOf(lengths)) {
      assert.ok(size >= QUIET_READ_BYTES && size <= READ_BYTES);
    }
  }));
});
