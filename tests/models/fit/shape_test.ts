import assert from "node:assert/strict";
import fc from "fast-check";
import type { ModelHeader } from "../../../src/models/base/types.ts";
import {
  cappedNote,
  chooseShape,
  leastBytes,
  leastShape,
  needBytes,
  type Shape,
  type ShapeSettings,
  type SizedModel,
} from "../../../src/models/mod.ts";

const MIB = 2 ** 20;
const AUTO: ShapeSettings = { contextLength: null, slots: null };

/** Of the shape of an 8B model: 144 KiB of cache a token. */
function model(trained: number, changes: Partial<ModelHeader> = {}): SizedModel {
  const header = {
    contextLength: trained,
    embeddingLength: 4_096,
    feedForwardLength: 12_288,
    kvHeads: 36 * 8,
    slidingKvHeads: 0,
    slidingWindow: 0,
    keyLength: 128,
    valueLength: 128,
    pooling: null,
    ...changes,
  } as ModelHeader;
  return { sizeBytes: 5_000 * MIB, header };
}

function chosen(of: SizedModel, leftBytes: number, settings = AUTO): Shape {
  const bytesOf = ({ contextLength, slots }: Shape) => needBytes(of, contextLength, slots);
  return chooseShape({ model: of, settings, leftBytes, bytesOf });
}

const SLOT = 32_768 * 144 / 1024;

for (
  const { of, trained = 131_072, left, contextLength = null, slots = null, expected } of [
    { of: "nothing is left", left: 0, expected: [32_768, 1] },
    { of: "less than nothing is left", left: -1, expected: [32_768, 1] },
    { of: "half of what is left holds a slot", left: 2 * SLOT, expected: [32_768, 2] },
    { of: "... and almost does", left: 2 * SLOT - 1, expected: [32_768, 1] },
    { of: "it holds three", left: 6 * SLOT, expected: [32_768, 4] },
    { of: "it holds everything", left: 1e6, expected: [131_072, 4] },
    { of: "the model was trained for little", trained: 2_048, left: 1e6, expected: [2_048, 4] },
    { of: "the context is told", left: 1e6, contextLength: 4_096, expected: [4_096, 4] },
    { of: "the slots are told", left: 0, slots: 2, expected: [32_768, 2] },
    { of: "one slot is told", left: 1e6, slots: 1, expected: [131_072, 1] },
    { of: "more slots are told", left: 0, slots: 9, expected: [32_768, 9] },
    { of: "too much is told", trained: 2_048, left: 0, contextLength: 1e5, expected: [2_048, 1] },
    { of: "the trained length is not known", trained: 0, left: 1e6, expected: [32_768, 4] },
  ]
) {
  Deno.test(`chooseShape() is ${expected} if ${of}`, () => {
    const { contextLength: tokens, slots: count } = chosen(model(trained), left * MIB, {
      contextLength,
      slots,
    });
    assert.deepEqual([tokens, count], expected);
  });
}

Deno.test("chooseShape() leaves a model that pools its output its usual context", () => {
  assert.deepEqual(chosen(model(32_768, { pooling: "mean" }), 1e12), {
    contextLength: 8_192,
    slots: 4,
  });
});

Deno.test("chooseShape() takes at most half of what is left, and more of it with more memory", () => {
  const size = fc.record({
    trained: fc.constantFrom(0, 512, 2_000, 40_960, 131_072),
    left: fc.integer({ min: -1e9, max: 1e11 }),
    more: fc.nat(1e11),
    contextLength: fc.option(fc.integer({ min: 1, max: 200_000 })),
    slots: fc.option(fc.integer({ min: 1, max: 8 })),
  });
  fc.assert(fc.property(size, ({ trained, left, more, ...settings }) => {
    const of = model(trained);
    const shape = chosen(of, left, settings);
    const least = leastShape(of, settings);
    const extra = needBytes(of, shape.contextLength, shape.slots) - leastBytes(of, settings);
    assert.ok(extra === 0 || extra <= left / 2);
    assert.ok(shape.slots >= least.slots && shape.contextLength >= least.contextLength);
    assert.ok(trained === 0 || shape.contextLength <= trained);
    const larger = chosen(of, left + more, settings);
    assert.ok(larger.slots >= shape.slots && larger.contextLength >= shape.contextLength);
  }));
});

Deno.test("cappedNote() names both numbers, and nothing where the model can use what is asked", () => {
  const named = { ...model(2_048), name: "small" };
  assert.equal(
    cappedNote(named, { contextLength: 100_000, slots: null }),
    "small was trained for a context of 2,048 tokens, so it gets those and not the 100,000 that were asked for",
  );
  assert.equal(cappedNote(named, { contextLength: 2_048, slots: null }), null);
  assert.equal(cappedNote(named, AUTO), null);
});
