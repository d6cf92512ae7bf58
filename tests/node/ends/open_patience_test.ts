import assert from "node:assert/strict";
import fc from "fast-check";
import { OPEN_PATIENCE_FIRST_MS, OPEN_PATIENCE_MIN_MS } from "../../../src/node/plan/defaults.ts";
import { afterOpening, type OpenTimes, patienceMs } from "../../../src/node/ends/open_patience.ts";

function timesOf(...openings: readonly number[]): OpenTimes | undefined {
  return openings.reduce<OpenTimes | undefined>(afterOpening, undefined);
}

Deno.test("patienceMs() follows what streams to the host have taken", () => {
  const cases: { openings: number[]; failures: number; ms: number }[] = [
    { openings: [], failures: 0, ms: OPEN_PATIENCE_FIRST_MS },
    { openings: [], failures: 1, ms: 2 * OPEN_PATIENCE_FIRST_MS },
    { openings: [1], failures: 0, ms: OPEN_PATIENCE_MIN_MS },
    { openings: [1, 2, 1], failures: 2, ms: 4 * OPEN_PATIENCE_MIN_MS },
    { openings: [200], failures: 0, ms: 5 * 200 + 4 * 100 },
    { openings: [200, 200], failures: 0, ms: 5 * 200 + 4 * 75 },
    { openings: [200, 1_000], failures: 0, ms: 5 * 300 + 4 * 275 },
  ];
  for (const { openings, failures, ms } of cases) {
    assert.equal(patienceMs(timesOf(...openings), failures), ms, `${openings} and ${failures}`);
  }
});

Deno.test("a host whose streams open in a steady time may dial anew within its patience", () => {
  const steady = fc.record({
    ms: fc.double({ min: 0.1, max: 400, noNaN: true }),
    jitter: fc.double({ min: 0, max: 0.2, noNaN: true }),
    count: fc.integer({ min: 1, max: 50 }),
  });
  fc.assert(fc.property(steady, ({ ms, jitter, count }) => {
    const openings = Array.from({ length: count }, (_, i) => ms * (1 + (i % 2 ? jitter : -jitter)));
    assert.ok(patienceMs(timesOf(...openings), 0) >= 4 * ms);
  }));
});
