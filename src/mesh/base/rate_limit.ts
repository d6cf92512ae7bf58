import { MAX_RATED_PEERS } from "./defaults.ts";

/** So many at once, and so many a second in the long run. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket: what was left of the burst at a time. */
export interface Bucket {
  readonly left: number;
  /** Milliseconds of a clock that never jumps. */
  readonly at: number;
}

/** Takes one token, if there is one. Pure. */
export function take(
  bucket: Bucket | undefined,
  { perSecond, burst }: Rate,
  now: number,
): { readonly bucket: Bucket; readonly allowed: boolean } {
  const gained = bucket === undefined ? burst : (Math.max(0, now - bucket.at) / 1_000) * perSecond;
  const left = Math.min(burst, (bucket?.left ?? 0) + gained);
  const allowed = left >= 1;
  return { bucket: { left: allowed ? left - 1 : left, at: now }, allowed };
}

/** When a bucket is full again, whatever was left of it: like one that was never used. Pure. */
export function fullAgainAt({ at }: Bucket, { perSecond, burst }: Rate): number {
  return at + (burst / perSecond) * 1_000;
}

/** One bucket for each name, all of one rate. A full one is forgotten with the next that is asked for. */
export class RateLimiter {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Whether one more is within the rate. */
  allows(name: string, now: number): boolean {
    const { bucket, allowed } = take(this.#buckets.get(name), this.#rate, now);
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    this.#forget(now);
    return allowed;
  }

  /** From the one in longest disuse on: those that are full, and what is too many. */
  #forget(now: number): void {
    for (const [name, bucket] of this.#buckets) {
      const isTooMany = this.#buckets.size > MAX_RATED_PEERS;
      if (!isTooMany && fullAgainAt(bucket, this.#rate) > now) return;
      this.#buckets.delete(name);
    }
  }
}
