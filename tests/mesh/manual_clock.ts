import { type Clock, systemClock } from "../../src/mesh/base/clock.ts";

/** The real clock, but for a calendar that a test turns forward; what falls due by it runs at once. */
export class ManualClock implements Clock {
  #ahead = 0;
  readonly #waiting = new Set<{ readonly due: number; run(): void }>();

  now(): number {
    return systemClock.now() + this.#ahead;
  }

  elapsed(): number {
    return systemClock.elapsed();
  }

  after(delayMs: number, run: () => void): () => void {
    const cancelTimer = systemClock.after(delayMs, () => once());
    const cancel = () => {
      cancelTimer();
      this.#waiting.delete(entry);
    };
    const once = () => {
      cancel();
      run();
    };
    const entry = { due: this.now() + delayMs, run: once };
    this.#waiting.add(entry);
    return cancel;
  }

  /** The one thing that a test does with it. */
  turnForward(ms: number): void {
    this.#ahead += ms;
    for (const { due, run } of [...this.#waiting]) if (due <= this.now()) run();
  }
}
