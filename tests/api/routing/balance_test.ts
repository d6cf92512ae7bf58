import fc from "fast-check";
import assert from "node:assert/strict";
import { balanced, formatLoad, type Load, parseLoad } from "../../../src/api/routing/balance.ts";
import { instance } from "../fake_node.ts";

const inOrder = ["a", "b", "c"].map((host) => instance(host));

function order(loads: Readonly<Record<string, Partial<Load>>>): string {
  const loadOf = ({ host }: { host: string }) => ({ active: 0, slots: 4, ...loads[host] });
  return balanced(inOrder, loadOf).map(({ host }) => host).join("");
}

Deno.test("balanced() keeps a conversation's order until an instance has too much", () => {
  assert.equal(order({}), "abc", "idle");
  assert.equal(order({ a: { active: 1 } }), "bca", "1 of 2 is more than 1.25 x 2/3");
  assert.equal(order({ a: { active: 1 }, b: { active: 1 }, c: { active: 1 } }), "abc", "even");
  assert.equal(order({ a: { active: 9 }, b: { active: 9 }, c: { active: 9 } }), "abc", "all busy");
  assert.equal(order({ a: { active: 12 }, b: { active: 9 }, c: { active: 9 } }), "abc", "within");
  assert.equal(order({ a: { active: 14 }, b: { active: 9 }, c: { active: 9 } }), "bca", "above");
  assert.equal(order({ a: { active: 8, slots: 8 }, b: { active: 4 }, c: { active: 4 } }), "abc");
});

Deno.test("balanced() asks every instance, those with room first, in the conversation's order", () => {
  const load = fc.record({ active: fc.nat(100), slots: fc.integer({ min: 1, max: 64 }) });
  fc.assert(fc.property(fc.array(load, { minLength: 1, maxLength: 12 }), (loads) => {
    const instances = loads.map((_, index) => instance(`host-${index}`));
    const loadOf = (one: { host: string }) => loads[Number(one.host.slice(5))]!;
    const result = balanced(instances, loadOf);
    assert.deepEqual(new Set(result), new Set(instances));
    const total = loads.reduce((sum, { active }) => sum + active, 0) + 1;
    const slots = loads.reduce((sum, one) => sum + one.slots, 0);
    const first = loadOf(result[0]!);
    assert.ok(first.active < Math.ceil(1.25 * first.slots * total / slots), "the first has room");
  }));
});

Deno.test("A load is read as it was written, and nothing else is", () => {
  const report = fc.record({
    active: fc.nat(999_999),
    slots: fc.integer({ min: 1, max: 999_999 }),
    waitedMs: fc.nat(999_999_999),
  }, { noNullPrototype: true });
  fc.assert(fc.property(report, (said) => {
    assert.deepEqual(parseLoad(formatLoad(said)), said);
  }));
  const bad = ["", "active=1", "active=1; slots=2", "x"];
  const wrong = ["active=1; slots=0; waited=1", "active=-1; slots=2; waited=1"];
  for (const header of [null, ...bad, ...wrong, "active=1; slots=2; waited=-1"]) {
    assert.equal(parseLoad(header), null);
  }
});
