/** How much a node carries for others. Pure but for what it counts. */

import { type Bucket, leftOf, type Rate, spend } from "../../base/token_bucket.ts";

/** Bytes at a time. */
export class ByteMeter {
  readonly #rate: Rate;
  #bucket: Bucket | undefined;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  has(bytes: number, now: number): boolean {
    return leftOf(this.#bucket, this.#rate, now) >= bytes;
  }

  spend(bytes: number, now: number): void {
    this.#bucket = spend(this.#bucket, this.#rate, bytes, now);
  }
}

/** Spends of both, or of none. */
export function spendBoth(pair: ByteMeter, all: ByteMeter, bytes: number, now: number): boolean {
  if (!pair.has(bytes, now) || !all.has(bytes, now)) return false;
  pair.spend(bytes, now);
  all.spend(bytes, now);
  return true;
}
