import assert from "node:assert/strict";
import fc from "fast-check";
import { fewest } from "../../../src/node/plan/fewest.ts";

/** Weights, and how much of them is enough: never more than all of them. */
const WEIGHTS = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }).chain(
  (weights) =>
    fc.record({ weights: fc.constant(weights), need: fc.integer({ min: 1, max: sum(weights) }) }),
);

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

Deno.test("fewest() finds as few as there can be, and the first of them", () => {
  fc.assert(fc.property(WEIGHTS, ({ weights, need }) => {
    const items = weights.map((weight, index) => ({ weight, index }));
    const holds = (chosen: typeof items) => sum(chosen.map(({ weight }) => weight)) >= need;
    const found = fewest(items, (chosen) => holds([...chosen]), Infinity);
    assert.ok(holds([...found]));
    const largest = weights.toSorted((a, b) => b - a);
    const count = largest.findIndex((_, index) => sum(largest.slice(0, index + 1)) >= need) + 1;
    assert.equal(found.length, count);
    if (count === 1) assert.equal(found[0], items.find(({ weight }) => weight >= need));
  }));
});

Deno.test("fewest() of too many to try asks no more than it may, and leaves out what makes no difference", () => {
  fc.assert(fc.property(WEIGHTS, fc.integer({ min: 0, max: 20 }), ({ weights, need }, tries) => {
    let asked = 0;
    const items = weights.map((weight, index) => ({ weight, index }));
    const holds = (chosen: readonly { weight: number }[]) => {
      asked++;
      return sum(chosen.map(({ weight }) => weight)) >= need;
    };
    const found = fewest(items, holds, tries);
    assert.ok(asked <= 2 * tries + 2 * Math.ceil(Math.log2(items.length + 1)) + 1, `${asked}`);
    assert.ok(holds(found));
    if (found.length > tries) return;
    for (const item of found) assert.ok(!holds(found.filter((one) => one !== item)));
  }));
});
