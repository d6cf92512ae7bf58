import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Bucket,
  fullAgainAt,
  leftOf,
  refilledInMs,
  spend,
  take,
} from "../../src/base/token_bucket.ts";

Deno.test("take() gives the burst at once, then the rate", () => {
  const rate = { perSecond: 2, burst: 3 };
  const times: [number, boolean][] = [
    [0, true],
    [0, true],
    [0, true],
    [0, false],
    [400, false],
    [500, true],
    [500, false],
    [60_000, true],
    [60_000, true],
    [60_000, true],
    [60_000, false],
  ];
  let bucket: Bucket | undefined;
  for (const [now, allowed] of times) {
    const taken = take(bucket, rate, now);
    assert.equal(taken.allowed, allowed, `at ${now}`);
    bucket = taken.bucket;
  }
});

Deno.test("take() never allows more than the burst and what was gained since, whatever the times", () => {
  const steps = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 20 }), (waits, burst) => {
    let now = 0;
    let allowed = 0;
    let bucket: Bucket | undefined;
    for (const wait of waits) {
      now += wait;
      const taken = take(bucket, { perSecond: 1.5, burst }, now);
      bucket = taken.bucket;
      if (taken.allowed) allowed += 1;
      assert.ok(allowed <= burst + (now / 1_000) * 1.5 + 1e-6);
    }
  }));
});

Deno.test("a bucket that is full again allows what a new one does", () => {
  const rate = { perSecond: 2, burst: 3 };
  const steps = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(steps, (waits) => {
    let now = 0;
    let bucket: Bucket | undefined;
    for (const wait of waits) bucket = take(bucket, rate, now += wait).bucket;
    const later = fullAgainAt(bucket as Bucket, rate);
    assert.deepEqual(take(bucket, rate, later), take(undefined, rate, later));
  }));
});

Deno.test("an overspent bucket is paid off by the rate, to the millisecond", () => {
  const limit = fc.integer({ min: 1, max: 1_000 });
  fc.assert(
    fc.property(limit, fc.integer({ min: 1, max: 10_000 }), fc.boolean(), (n, spent, slow) => {
      const rate = slow ? { perMinute: n, burst: n } : { perSecond: n, burst: n };
      const bucket = spend(undefined, rate, spent, 0);
      assert.equal(bucket.left, n - spent);
      const afterMs = refilledInMs(bucket.left, 1, rate);
      assert.ok(leftOf(bucket, rate, Math.ceil(afterMs)) >= 1 - 1e-9);
      if (afterMs > 1) assert.ok(leftOf(bucket, rate, afterMs - 1) < 1);
    }),
  );
});
