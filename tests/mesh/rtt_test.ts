import assert from "node:assert/strict";
import fc from "fast-check";
import { addSample, nextBucket, UNMEASURED } from "../../src/mesh/rtt.ts";

Deno.test("nextBucket() takes powers of two and leaves one only when it is clearly left", () => {
  const cases: [number | undefined, number, number][] = [
    [undefined, 0.01, 0.25],
    [undefined, 0.3, 0.5],
    [undefined, 1, 1],
    [undefined, 1.1, 2],
    [undefined, 79, 128],
    [undefined, 1e9, 32_768],
    [64, 79, 64],
    [64, 81, 128],
    [64, 33, 64],
    [64, 26, 64],
    [64, 25, 32],
    [0.25, 0.3, 0.25],
    [0.25, 0.32, 0.5],
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
  assert.deepEqual(buckets, [512, 8, 8, 8, 8, 256]);
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
