import assert from "node:assert/strict";
import fc from "fast-check";
import {
  FAILED_HOST_MS,
  OPEN_PATIENCE_FIRST_MS,
  OPEN_PATIENCE_MIN_MS,
} from "../../../src/node/plan/defaults.ts";
import {
  afterOpening,
  OpenPatience,
  type OpenTimes,
  patienceMs,
} from "../../../src/node/ends/open_patience.ts";

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

Deno.test("a stream that opens ends the doubling, for its host only", () => {
  const patience = new OpenPatience();
  for (const host of ["a", "b"]) patience.failed(host);
  patience.opened("a", 1);
  assert.equal(patience.of("a", 300), OPEN_PATIENCE_MIN_MS);
  assert.equal(patience.of("b", undefined), 2 * OPEN_PATIENCE_FIRST_MS);
});

Deno.test("a host that was slow once is soon asked again, one that never opens as late as a dead one", () => {
  const patience = new OpenPatience();
  const avoided = Array.from({ length: 5 }, () => patience.failed("a"));
  assert.deepEqual(avoided, [5_000, 10_000, 20_000, FAILED_HOST_MS, FAILED_HOST_MS]);
  patience.opened("a", 1);
  assert.equal(patience.failed("a"), 5_000);
});

Deno.test("of a host that was asked nothing yet the mesh's round trip counts", () => {
  const patience = new OpenPatience();
  assert.equal(patience.of("a", 1), OPEN_PATIENCE_MIN_MS);
  assert.equal(patience.of("a", 200), 5 * 200 + 4 * 100);
  assert.equal(patience.of("a", undefined), OPEN_PATIENCE_FIRST_MS);
});
