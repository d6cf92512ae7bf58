import { REPLAY_WINDOW } from "./defaults.ts";

/** Numbers that have come: each passes once, and none that is far behind the highest (as in RFC 4303, 3.4.3). */
export class ReplayWindow {
  #highest = -1n;
  /** Bit `n` stands for the highest less `n`. */
  #seen = 0n;

  /** Whether the number is new. */
  take(number: bigint): boolean {
    const ahead = number - this.#highest;
    if (ahead > 0n) {
      this.#seen = ahead >= REPLAY_BITS ? 1n : ((this.#seen << ahead) | 1n) & REPLAY_MASK;
      this.#highest = number;
      return true;
    }
    if (-ahead >= REPLAY_BITS) return false;
    const bit = 1n << -ahead;
    if ((this.#seen & bit) !== 0n) return false;
    this.#seen |= bit;
    return true;
  }
}

const REPLAY_BITS = BigInt(REPLAY_WINDOW);
const REPLAY_MASK = (1n << REPLAY_BITS) - 1n;
