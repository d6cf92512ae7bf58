import assert from "node:assert/strict";
import fc from "fast-check";
import { isModelName } from "../../../src/base/model_name.ts";
import { FrameError } from "../../../src/tunnel/base/errors.ts";
import {
  encodeRpcOpening,
  readRpcOpening,
  type RpcOpening,
} from "../../../src/tunnel/rpc/rpc_opening.ts";
import { encodeFrame } from "../../../src/tunnel/base/frame_codec.ts";
import { cutAt, joined } from "../byte_cuts.ts";

/** A source that gives these chunks and then ends. */
function sourceOf(chunks: readonly Uint8Array[]) {
  const left = chunks.filter(({ length }) => length > 0);
  return { read: () => Promise.resolve(left.shift() ?? null), left };
}

const MODEL = { name: "llama3.2:latest", fingerprint: "0f".repeat(32) };

const anyOpening: fc.Arbitrary<RpcOpening> = fc.record({
  term: fc.nat(),
  model: fc.record({
    name: fc.string({ unit: "binary", maxLength: 60 }).filter(isModelName),
    fingerprint: fc.stringMatching(/^[0-9a-f]{64}$/),
  }, { noNullPrototype: true }),
  weights: fc.integer({ min: 1, max: 9 }),
}, { requiredKeys: ["term"], noNullPrototype: true });

Deno.test("readRpcOpening() gives what was said and all bytes behind it, for any cut", async () => {
  await fc.assert(fc.asyncProperty(
    anyOpening,
    fc.uint8Array({ maxLength: 100 }),
    fc.array(fc.nat(40)),
    async (said, raw, cuts) => {
      const source = sourceOf(cutAt(joined([encodeRpcOpening(said), raw]), cuts));
      const { opening, rest } = await readRpcOpening(source);
      assert.deepEqual(opening, said);
      assert.deepEqual([...joined([rest, ...source.left])], [...raw]);
    },
  ));
});

Deno.test("an earlier version reads the term of an opening that names its model, and names none", async () => {
  const bytes = encodeRpcOpening({ term: 3, model: MODEL, weights: 1 });
  const told = JSON.parse(new TextDecoder().decode(bytes.subarray(5)));
  assert.deepEqual(told, {
    term: 3,
    weights: 1,
    model: MODEL.name,
    fingerprint: MODEL.fingerprint,
  });
  const earlier = encodeFrame(1, new TextEncoder().encode(JSON.stringify({ term: 3 })));
  assert.deepEqual((await readRpcOpening(sourceOf([earlier]))).opening, { term: 3 });
});

Deno.test("readRpcOpening() throws FrameError on anything else", async () => {
  const json = (value: unknown) => encodeFrame(1, new TextEncoder().encode(JSON.stringify(value)));
  const others = [
    json({}),
    json({ term: -1 }),
    json({ term: 1.5 }),
    json({ term: "1" }),
    json({ term: 1, model: "a" }),
    json({ term: 1, fingerprint: MODEL.fingerprint }),
    json({ term: 1, model: "../a", fingerprint: MODEL.fingerprint }),
    json({ term: 1, model: "a", fingerprint: "0\n1" }),
    json(null),
    encodeFrame(1, new Uint8Array([0xff])),
    encodeFrame(2, new Uint8Array()),
    encodeRpcOpening({ term: 1 }).subarray(0, 8),
    new Uint8Array([14, 24, 0, 0, 0, 0, 0, 0, 0]),
    new Uint8Array([1, 0xff, 0xff, 0xff, 0xff]),
  ];
  for (const bytes of others) await assert.rejects(readRpcOpening(sourceOf([bytes])), FrameError);
});
