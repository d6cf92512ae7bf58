import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameError } from "../../../src/tunnel/base/errors.ts";
import { encodeRpcOpening, readRpcOpening } from "../../../src/tunnel/rpc/rpc_opening.ts";
import { encodeFrame } from "../../../src/tunnel/base/frame_codec.ts";
import { cutAt, joined } from "../byte_cuts.ts";

/** A source that gives these chunks and then ends. */
function sourceOf(chunks: readonly Uint8Array[]) {
  const left = chunks.filter(({ length }) => length > 0);
  return { read: () => Promise.resolve(left.shift() ?? null), left };
}

Deno.test("readRpcOpening() gives the term and all bytes behind it, for any cut", async () => {
  await fc.assert(fc.asyncProperty(
    fc.nat(),
    fc.uint8Array({ maxLength: 100 }),
    fc.array(fc.nat(40)),
    async (term, raw, cuts) => {
      const source = sourceOf(cutAt(joined([encodeRpcOpening({ term }), raw]), cuts));
      const { opening, rest } = await readRpcOpening(source);
      assert.equal(opening.term, term);
      assert.deepEqual([...joined([rest, ...source.left])], [...raw]);
    },
  ));
});

Deno.test("readRpcOpening() throws FrameError on anything else", async () => {
  const json = (value: unknown) => encodeFrame(1, new TextEncoder().encode(JSON.stringify(value)));
  const others = [
    json({}),
    json({ term: -1 }),
    json({ term: 1.5 }),
    json({ term: "1" }),
    json(null),
    encodeFrame(1, new Uint8Array([0xff])),
    encodeFrame(2, new Uint8Array()),
    encodeRpcOpening({ term: 1 }).subarray(0, 8),
    new Uint8Array([14, 24, 0, 0, 0, 0, 0, 0, 0]),
    new Uint8Array([1, 0xff, 0xff, 0xff, 0xff]),
  ];
  for (const bytes of others) await assert.rejects(readRpcOpening(sourceOf([bytes])), FrameError);
});
