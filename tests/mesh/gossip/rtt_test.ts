import assert from "node:assert/strict";
import fc from "fast-check";
import { SPLIT_RTT_LIMIT_MS } from "../../../src/node/plan/defaults.ts";
import { addSample, measuredMs, nextBucket, UNMEASURED } from "../../../src/mesh/gossip/rtt.ts";

Deno.test("measuredMs() is the path's round trip itself, where plans take the bucket's edge", () => {
  assert.equal(measuredMs(UNMEASURED), undefined);
  const track = [20.5, 23.1, 21].reduce(addSample, UNMEASURED);
  assert.deepEqual([measuredMs(track), track.bucketMs], [20.5, 40]);
});

Deno.test("nextBucket() takes one of the doubling buckets and leaves it only when it is clearly left", () => {
  const cases: [number | undefined, number, number][] = [
    [undefined, 0.01, 0.3125],
    [undefined, 0.4, 0.625],
    [undefined, 1.25, 1.25],
    [undefined, 1.3, 2.5],
    [undefined, 41, 80],
    [undefined, 80, 80],
    [undefined, 81, 160],
    [undefined, 1e9, 40_960],
    [80, 99, 80],
    [80, 101, 160],
    [80, 41, 80],
    [80, 33, 80],
    [80, 31, 40],
    [160, 65, 160],
    [160, 63, 80],
    [0.3125, 0.38, 0.3125],
    [0.3125, 0.4, 0.625],
  ];
  for (const [current, rtt, expected] of cases) {
    assert.equal(nextBucket(current, rtt), expected, `${current} after ${rtt}`);
  }
});

Deno.test("the best of the last four round trips counts", () => {
  let track = UNMEASURED;
  const buckets = [300, 6, 200, 200, 200, 200].map((sample) => {
    track = addSample(track, sample);
    return track.bucketMs;
  });
  assert.deepEqual(buckets, [320, 10, 10, 10, 10, 320]);
});

Deno.test("drift of a tenth around any value never flaps the bucket", () => {
  const drift = fc.array(fc.double({ min: 0.95, max: 1.05, noNaN: true }), { minLength: 2 });
  fc.assert(
    fc.property(fc.double({ min: 0.3, max: 5_000, noNaN: true }), drift, (base, factors) => {
      const buckets = new Set<number>();
      let bucket: number | undefined;
      for (const factor of factors) {
        bucket = nextBucket(bucket, base * factor);
        buckets.add(bucket);
      }
      assert.equal(buckets.size, 1);
    }),
  );
});

Deno.test("the limit of a split is the edge of a bucket", () => {
  assert.equal(nextBucket(undefined, SPLIT_RTT_LIMIT_MS), SPLIT_RTT_LIMIT_MS);
});
