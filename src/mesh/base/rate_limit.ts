import { type Bucket, fullAgainAt, type Rate, take } from "../../base/token_bucket.ts";
import { MAX_RATED_PEERS } from "./defaults.ts";

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
