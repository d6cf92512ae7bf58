import assert from "node:assert/strict";
import fc from "fast-check";
import { needBytes, servedContext } from "../../../src/models/mod.ts";
import type { ModelHeader } from "../../../src/models/base/types.ts";

const MIB = 1024 * 1024;

function header(changes: Partial<ModelHeader>): ModelHeader {
  return {
    version: 3,
    architecture: "llama",
    name: null,
    quantisation: null,
    layers: 1,
    contextLength: 4096,
    embeddingLength: 64,
    feedForwardLength: 128,
    headCount: 1,
    headCountKv: 1,
    kvHeads: 1,
    keyLength: 64,
    valueLength: 64,
    vocabularySize: 1000,
    expertCount: 0,
    expertUsedCount: 0,
    tokenizer: null,
    hasChatTemplate: false,
    pooling: null,
    slidingWindow: 0,
    slidingKvHeads: 0,
    projection: null,
    split: null,
    ...changes,
  };
}

/** Buffer sizes in MiB that llama-server 11669 printed for models of these shapes, alone on a CPU. */
const MEASURED = [
  {
    of: "the guide",
    embd: 96,
    ff: 256,
    heads: 4,
    size: 24,
    layers: 6,
    ctx: 2048,
    weights: 1.4,
    cache: 4.5,
    compute: 4.46,
  },
  {
    of: "206 layers of the guide",
    embd: 96,
    ff: 256,
    heads: 4,
    size: 24,
    layers: 206,
    ctx: 2048,
    weights: 43.73,
    cache: 154.5,
    compute: 4.46,
  },
  {
    of: "40 wide layers of the guide",
    embd: 96,
    ff: 16896,
    heads: 4,
    size: 24,
    layers: 40,
    ctx: 2048,
    weights: 379.85,
    cache: 30,
    compute: 103.46,
  },
  {
    of: "a 1B model's shape",
    embd: 2048,
    ff: 8192,
    heads: 4,
    size: 128,
    layers: 16,
    ctx: 16384,
    weights: 2106.26,
    cache: 512,
    compute: 84.02,
  },
  {
    of: "a long context",
    embd: 2048,
    ff: 8192,
    heads: 4,
    size: 128,
    layers: 2,
    ctx: 131072,
    weights: 482.04,
    cache: 512,
    compute: 196.02,
  },
  {
    of: "an odd context",
    embd: 4096,
    ff: 1000,
    heads: 8,
    size: 128,
    layers: 2,
    ctx: 1000,
    weights: 222.58,
    cache: 8,
    compute: 49.02,
  },
] as const;

for (const { of, embd, ff, heads, size, layers, ctx, weights, cache, compute } of MEASURED) {
  Deno.test(`needBytes() is within 10 % of what llama-server reserves for ${of}`, () => {
    const model = {
      sizeBytes: weights * MIB,
      header: header({
        contextLength: ctx,
        embeddingLength: embd,
        feedForwardLength: ff,
        kvHeads: heads * layers,
        keyLength: size,
        valueLength: size,
      }),
    };
    const ratio = needBytes(model, ctx) / ((weights + cache + compute) * MIB);
    assert.ok(ratio >= 0.99 && ratio <= 1.1, `${ratio}`);
  });
}

Deno.test("needBytes() is 1.1 times the size while the header is unknown", () => {
  assert.equal(needBytes({ sizeBytes: 1000 }, 8192), 1100);
  assert.equal(needBytes({ sizeBytes: 1000, header: null }, null), 1100);
});

Deno.test("needBytes() never shrinks when the header, or a longer context, becomes known", () => {
  const size = fc.nat(2 ** 40);
  const context = fc.nat(2 ** 17);
  const shape = fc.record({
    kvHeads: fc.nat(1000),
    embeddingLength: fc.nat(16_384),
    feedForwardLength: fc.nat(65_536),
  });
  fc.assert(fc.property(size, context, context, shape, (sizeBytes, a, b, changes) => {
    const model = { sizeBytes, header: header(changes) };
    const short = needBytes(model, Math.min(a, b));
    assert.ok(short >= needBytes({ sizeBytes }, a));
    assert.ok(short <= needBytes(model, Math.max(a, b)));
  }));
});

for (
  const { trained, asked, served } of [
    { trained: 2048, asked: null, served: 2048 },
    { trained: 131_072, asked: null, served: 32_768 },
    { trained: 0, asked: null, served: 32_768 },
    { trained: 131_072, asked: 65_536, served: 65_536 },
    { trained: 2048, asked: 4096, served: 2048 },
  ]
) {
  Deno.test(`servedContext() is ${served} for ${asked} asked of a model trained for ${trained}`, () => {
    assert.equal(servedContext({ contextLength: trained }, asked), served);
    const model = { sizeBytes: 1, header: header({ contextLength: trained }) };
    assert.equal(needBytes(model, asked), needBytes(model, served));
  });
}
