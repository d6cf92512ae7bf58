import assert from "node:assert/strict";
import { InstanceRates } from "../../../src/node/report/instance_rates.ts";
import { BIG, peer, SMALL } from "../members.ts";

const INSTANCE = { host: peer("host"), model: BIG, term: 2 };
const OTHER = { host: peer("other"), model: BIG, term: 1 };
const ALL = [{ ...INSTANCE, model: SMALL }, OTHER, INSTANCE];

/** 21 tokens, the first of which came after 100 ms: 20 in a second. */
const ANSWER = {
  model: "big",
  host: "host",
  streamed: true,
  tokensOut: 21,
  firstByteMs: 100,
  totalMs: 1_100,
  continuations: 0,
};

function rateAfter(...answers: readonly Partial<typeof ANSWER>[]): number | undefined {
  const rates = new InstanceRates();
  for (const answer of answers) rates.add({ ...ANSWER, ...answer }, ALL);
  return rates.perSecond(INSTANCE);
}

const table = [
  ["none has been passed on", [], undefined],
  ["one", [{}], 20],
  ["the middle one of several: one was slow", [{}, { totalMs: 20_100 }, { totalMs: 1_000 }], 20],
  ["another host's answer", [{ host: "other" }], undefined],
  ["another model's answer", [{ model: "small" }], undefined],
  ["an answer that was not streamed", [{ streamed: false }], undefined],
  ["an answer of two instances", [{ continuations: 1 }], undefined],
  ["too few tokens", [{ tokensOut: 7 }], undefined],
  ["an answer that came at once", [{ totalMs: 100 }], undefined],
] as const;

for (const [name, answers, expected] of table) {
  Deno.test(`InstanceRates: ${name}`, () => assert.equal(rateAfter(...answers), expected));
}

Deno.test("InstanceRates follows an instance that becomes slower, and knows nothing of one that was loaded anew", () => {
  const rates = new InstanceRates();
  for (let count = 0; count < 40; count++) rates.add(ANSWER, ALL);
  for (let count = 0; count < 8; count++) rates.add({ ...ANSWER, totalMs: 4_100 }, ALL);
  assert.equal(rates.perSecond(INSTANCE), 5);
  const again = { ...INSTANCE, term: 3 };
  assert.equal(rates.perSecond(again), undefined);
  rates.add(ANSWER, [again]);
  assert.deepEqual([rates.perSecond(again), rates.perSecond(INSTANCE)], [20, undefined]);
});
