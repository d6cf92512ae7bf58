/** How fast a key may be guessed at. Pure: time is an argument. */

import { GUESS_PAUSE_MS, GUESS_WAIT_MAX_MS, GUESSERS_MAX, GUESSES_FREE } from "../base/defaults.ts";

interface Guesser {
  failures: number;
  /** When the next attempt may be looked at. */
  nextMs: number;
}

/** Callers that nothing is remembered of share one line once there are too many of them. */
const OTHERS = "";

/**
 * After a few failures a caller's attempts are looked at one after another, with a pause before each. Others are not
 * concerned, so that nobody shuts the owner out.
 */
export class GuessGate {
  readonly #guessers = new Map<string, Guesser>();

  /** Milliseconds that an attempt has to wait for its turn; `null` where too many of this caller's wait already. */
  enter(caller: string, nowMs: number): number | null {
    const guesser = this.#guessers.get(this.#lineOf(caller, nowMs));
    if (guesser === undefined || guesser.failures < GUESSES_FREE) return 0;
    const turnMs = Math.max(nowMs, guesser.nextMs);
    if (turnMs - nowMs > GUESS_WAIT_MAX_MS) return null;
    guesser.nextMs = turnMs + GUESS_PAUSE_MS;
    return turnMs - nowMs;
  }

  failed(caller: string, nowMs: number): void {
    const line = this.#lineOf(caller, nowMs);
    const guesser = this.#guessers.get(line) ?? { failures: 0, nextMs: 0 };
    guesser.failures++;
    guesser.nextMs = Math.max(guesser.nextMs, nowMs + GUESS_PAUSE_MS);
    this.#guessers.set(line, guesser);
  }

  succeeded(caller: string): void {
    this.#guessers.delete(caller);
  }

  #lineOf(caller: string, nowMs: number): string {
    if (this.#guessers.has(caller) || this.#guessers.size < GUESSERS_MAX) return caller;
    for (const [other, { nextMs }] of this.#guessers) {
      if (nextMs < nowMs) this.#guessers.delete(other);
    }
    return this.#guessers.size < GUESSERS_MAX ? caller : OTHERS;
  }
}
