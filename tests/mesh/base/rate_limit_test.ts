import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_RATED_PEERS } from "../../../src/mesh/base/defaults.ts";
import { type Bucket, fullAgainAt, RateLimiter, take } from "../../../src/mesh/base/rate_limit.ts";

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

Deno.test("a limiter keeps names apart, and forgets no more than the one in longest disuse", () => {
  const limiter = new RateLimiter({ perSecond: 0.001, burst: 1 });
  assert.equal(limiter.allows("first", 0), true);
  assert.equal(limiter.allows("first", 0), false);
  for (let i = 1; i < MAX_RATED_PEERS; i++) assert.equal(limiter.allows(`${i}`, 0), true);
  assert.equal(limiter.allows("first", 0), false);
  assert.equal(limiter.allows("one more", 0), true);
  assert.equal(limiter.allows("1", 0), true, "it was forgotten");
  assert.equal(limiter.allows("first", 0), false);
});
