/** Token buckets: so much at once, and so much with time. Pure: time is an argument. */

/** So many at once, and so many a second, or a minute, in the long run. */
export type Rate =
  & { readonly burst: number }
  & ({ readonly perSecond: number } | { readonly perMinute: number });

/** The rest of the burst at a time; `undefined` stands for a bucket that was never used. */
export interface Bucket {
  /** Below zero where more was spent than there was. */
  readonly left: number;
  /** Milliseconds of a clock that never jumps. */
  readonly at: number;
}

/** The amount that may be spent now. */
export function leftOf(bucket: Bucket | undefined, rate: Rate, now: number): number {
  if (bucket === undefined) return rate.burst;
  const { count, everyMs } = refillOf(rate);
  return Math.min(rate.burst, bucket.left + Math.max(0, now - bucket.at) * count / everyMs);
}

/** Spends so much, be it more than there is. */
export function spend(
  bucket: Bucket | undefined,
  rate: Rate,
  amount: number,
  now: number,
): Bucket {
  return { left: leftOf(bucket, rate, now) - amount, at: now };
}

/** Spends one, if there is one. */
export function take(
  bucket: Bucket | undefined,
  rate: Rate,
  now: number,
): { readonly bucket: Bucket; readonly allowed: boolean } {
  const allowed = leftOf(bucket, rate, now) >= 1;
  return { bucket: spend(bucket, rate, allowed ? 1 : 0, now), allowed };
}

/** How long it takes until a bucket has so much. */
export function refilledInMs(left: number, amount: number, rate: Rate): number {
  const { count, everyMs } = refillOf(rate);
  return Math.max(0, (amount - left) * everyMs / count);
}

/** When a bucket that `take` has made is full again, whatever was left of it: like one that was never used. */
export function fullAgainAt({ at }: Bucket, rate: Rate): number {
  return at + refilledInMs(0, rate.burst, rate);
}

/** Two whole numbers: with seven a minute as a fraction of one a second, a wait of whole seconds would be told as one more. */
function refillOf(rate: Rate): { readonly count: number; readonly everyMs: number } {
  return "perSecond" in rate
    ? { count: rate.perSecond, everyMs: 1_000 }
    : { count: rate.perMinute, everyMs: 60_000 };
}
