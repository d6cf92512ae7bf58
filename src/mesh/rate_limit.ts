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

/** One bucket for each name, all of one rate; the names in longest disuse are forgotten. */
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
    if (this.#buckets.size > MAX_RATED_PEERS) this.#forgetOldest();
    return allowed;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
