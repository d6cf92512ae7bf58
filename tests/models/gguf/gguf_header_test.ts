import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { InvalidGgufError } from "../../../src/models/base/errors.ts";
import { parseGgufHeader } from "../../../src/models/gguf/gguf_header.ts";
import type { GgufHeader } from "../../../src/models/base/types.ts";
import {
  entry,
  headerBytes,
  type MetadataEntry,
  text,
  u32,
  u64,
} from "../../support/gguf_writer.ts";
import { GUIDE, sampleHeader, splitMetadata, tensor } from "../sample_gguf.ts";

const guide = await Deno.readFile(GUIDE);

function parsed(bytes: Uint8Array): GgufHeader {
  const result = parseGgufHeader(bytes);
  assert.equal(result.kind, "header");
  return result.header;
}

const U32 = 4;
const ARRAY = 9;

function array(key: string, type: number, values: readonly Uint8Array[]): MetadataEntry {
  return { key, type: ARRAY, value: Buffer.concat([u32(type), u64(values.length), ...values]) };
}

Deno.test("parseGgufHeader() reads the guide", () => {
  const { tensors, ...header } = parsed(guide);
  assert.deepEqual(header, {
    version: 3,
    architecture: "llama",
    name: "mesh-llm guide",
    quantisation: "F16",
    layers: 6,
    contextLength: 2048,
    embeddingLength: 96,
    feedForwardLength: 256,
    headCount: 4,
    headCountKv: 4,
    kvHeads: 24,
    keyLength: 24,
    valueLength: 24,
    vocabularySize: 354,
    expertCount: 0,
    expertUsedCount: 0,
    tokenizer: {
      model: "llama",
      pre: null,
      digest: "130404d047a743f318867740ebdc2ddf7136910be27b43afb6b0ec8fe6ed18fb",
    },
    hasChatTemplate: true,
    pooling: null,
    slidingWindow: 0,
    slidingKvHeads: 0,
    projection: null,
    split: null,
    dataOffset: 11_872,
  });
  assert.equal(tensors.length, 57);
  const last = tensors.at(-1);
  assert.ok(last !== undefined);
  assert.equal(Math.ceil((11_872 + last.offset + last.byteLength) / 32) * 32, guide.length);
});

Deno.test("parseGgufHeader() tells lengths of tensors from type and shape", () => {
  const { tensors } = parsed(sampleHeader({
    tensors: [tensor("a", [64, 3]), tensor("b", [256, 2], 12), tensor("c", [5], 0)],
  }));
  assert.deepEqual(tensors.map(({ name, byteLength }) => [name, byteLength]), [
    ["a", 64 * 3 * 2],
    ["b", 2 * 144],
    ["c", 5 * 4],
  ]);
});

Deno.test("parseGgufHeader() adds up the key-value heads of layers that differ", () => {
  const heads = array("llama.attention.head_count_kv", U32, [u32(4), u32(0)]);
  const { headCountKv, kvHeads } = parsed(sampleHeader({ metadata: [heads] }));
  assert.deepEqual({ headCountKv, kvHeads }, { headCountKv: 4, kvHeads: 4 });
});

Deno.test("parseGgufHeader() counts the experts in use together", () => {
  const { feedForwardLength, expertCount } = parsed(sampleHeader({
    metadata: [
      entry("llama.expert_count", 64),
      entry("llama.expert_used_count", 4),
      entry("llama.expert_feed_forward_length", 100),
    ],
  }));
  assert.deepEqual({ feedForwardLength, expertCount }, { feedForwardLength: 400, expertCount: 64 });
});

Deno.test("parseGgufHeader() counts a vocabulary without keeping it", () => {
  const tokens = Array.from({ length: 5000 }, (_, index) => text(`token ${index}`));
  const header = parsed(
    sampleHeader({ metadata: [array("tokenizer.ggml.tokens", 8, tokens)] }),
  );
  assert.equal(header.vocabularySize, 5000);
});

Deno.test("parseGgufHeader() finds keys that stand before the architecture", () => {
  const metadata = [entry("llama.block_count", 7), entry("general.architecture", "llama")];
  assert.equal(parsed(headerBytes({ metadata, tensors: [] })).layers, 7);
});

Deno.test("parseGgufHeader() reads which shard a file is", () => {
  assert.deepEqual(parsed(sampleHeader({ metadata: splitMetadata(2, 3) })).split, {
    index: 2,
    count: 3,
  });
  assert.equal(parsed(sampleHeader({ metadata: splitMetadata(0, 1) })).split, null);
});

Deno.test("parseGgufHeader() asks for more of a header until it is whole", () => {
  const { dataOffset } = parsed(guide);
  fc.assert(fc.property(fc.integer({ min: 0, max: dataOffset - 1 }), (length) => {
    const result = parseGgufHeader(guide.subarray(0, length));
    assert.equal(result.kind, "more");
    assert.ok(result.atLeast > length && result.atLeast <= dataOffset);
  }));
  assert.deepEqual(parsed(guide.subarray(0, dataOffset)), parsed(guide));
});

const HUGE = 2 ** 53 - 1;
const START = [new TextEncoder().encode("GGUF"), u32(3)];

function withEntry(key: string, type: number, ...value: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([...START, u64(0), u64(1), text(key), u32(type), ...value]);
}

function withTensor(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([...START, u64(1), u64(0), ...parts, new Uint8Array(64)]);
}

const twice = entry("llama.block_count", 2);

const HOSTILE: readonly (readonly [what: string, bytes: Uint8Array, reason: RegExp])[] = [
  ["another format", new TextEncoder().encode("PK\u0003\u0004 and so on"), /not begin with GGUF/],
  ["a version of the future", Buffer.concat([START[0] ?? u32(0), u32(9)]), /version 9/],
  ["a big-endian file", Buffer.concat([START[0] ?? u32(0), u32(0x03000000)]), /big-endian/],
  ["countless tensors", Buffer.concat([...START, u64(HUGE), u64(0)]), /claims \d+ tensors/],
  ["countless entries", Buffer.concat([...START, u64(0), u64(HUGE)]), /metadata entries/],
  [
    "a key without end",
    Buffer.concat([...START, u64(0), u64(1), u64(HUGE), u64(0)]),
    /key .*longer/,
  ],
  ["a text without end", withEntry("general.name", 8, u64(HUGE)), /more than 128 MiB/],
  ["an array without end", withEntry("x", ARRAY, u32(8), u64(HUGE)), /more than 128 MiB/],
  ["an array of numbers without end", withEntry("x", ARRAY, u32(0), u64(HUGE)), /128 MiB/],
  ["arrays of arrays", withEntry("x", ARRAY, u32(ARRAY), u64(1)), /impossible value type 9/],
  ["a value of no type", withEntry("x", 77), /impossible value type 77/],
  [
    "a negative count of layers",
    sampleHeader({ metadata: [{ key: "llama.block_count", type: 5, value: u32(2 ** 32 - 6) }] }),
    /llama\.block_count is -6/,
  ],
  [
    "a fraction of a layer",
    sampleHeader({
      metadata: [{ key: "llama.block_count", type: 6, value: u32(0x3f000000) }],
    }),
    /llama\.block_count is 0\.5/,
  ],
  ["a key that comes twice", headerBytes({ metadata: [twice, twice], tensors: [] }), /twice/],
  ["an odd alignment", sampleHeader({ metadata: [entry("general.alignment", 48)] }), /is 48/],
  ["no alignment", sampleHeader({ metadata: [entry("general.alignment", 0)] }), /is 0/],
  ["a shard beyond the last", sampleHeader({ metadata: splitMetadata(3, 3) }), /shard 4 of 3/],
  ["a tensor's name without end", withTensor(u64(64)), /name .*longer than 63/],
  ["a tensor of many dimensions", withTensor(text("t"), u32(5)), /5 dimensions/],
  [
    "a tensor of an unknown type",
    withTensor(text("t"), u32(1), u64(1), u32(4), u64(0)),
    /ggml type 4/,
  ],
  [
    "a tensor larger than any disk",
    withTensor(text("t"), u32(2), u64(HUGE), u64(HUGE), u32(0), u64(0)),
    /impossibly large/,
  ],
  [
    "rows that are no whole blocks",
    withTensor(text("t"), u32(1), u64(100), u32(12), u64(0)),
    /blocks of 256/,
  ],
  [
    "a tensor off its alignment",
    withTensor(text("t"), u32(1), u64(1), u32(0), u64(8)),
    /lies at 8/,
  ],
];

for (const [what, bytes, reason] of HOSTILE) {
  Deno.test(`parseGgufHeader() refuses ${what}`, () => {
    assert.throws(() => parseGgufHeader(bytes), (error) => {
      assert.ok(error instanceof InvalidGgufError);
      assert.match(error.reason, reason);
      return true;
    });
  });
}

/** Neither crashes nor asks for what no header has. */
function assertTame(bytes: Uint8Array): void {
  try {
    const result = parseGgufHeader(bytes);
    if (result.kind === "more") {
      assert.ok(result.atLeast > bytes.length && result.atLeast <= 128 * 1024 * 1024);
    } else assert.ok(result.header.dataOffset <= bytes.length);
  } catch (error) {
    assert.ok(error instanceof InvalidGgufError);
  }
}

Deno.test("parseGgufHeader() survives any bytes behind its magic", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assertTame(Buffer.concat([...START, bytes]));
  }));
});

Deno.test("parseGgufHeader() survives a header with some bytes overwritten", () => {
  const header = sampleHeader({
    metadata: [array("tokenizer.ggml.tokens", 8, [text("a"), text("bc")])],
    tensors: [tensor("token_embd.weight", [64, 2]), tensor("output_norm.weight", [64], 0)],
  });
  const change = fc.record({
    at: fc.integer({ min: 8, max: header.length - 1 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  });
  fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
    const broken = header.slice();
    for (const { at, bytes } of changes) broken.set(bytes.subarray(0, broken.length - at), at);
    assertTame(broken);
  }));
});
