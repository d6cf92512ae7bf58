import type { Clock } from "../../src/mesh/base/clock.ts";

/** Time that passes when the test says so. */
export class HandClock implements Clock {
  #at = 0;
  readonly waiting = new Set<{ readonly due: number; readonly run: () => void }>();

  now = () => this.#at;
  elapsed = () => this.#at;

  after(delayMs: number, run: () => void): () => void {
    const entry = { due: this.#at + delayMs, run };
    this.waiting.add(entry);
    return () => this.waiting.delete(entry);
  }

  async pass(ms: number): Promise<void> {
    const end = this.#at + ms;
    for (;;) {
      const [next] = [...this.waiting].filter(({ due }) => due <= end)
        .sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.waiting.delete(next);
      this.#at = next.due;
      next.run();
      await settled();
    }
    this.#at = end;
    await settled();
  }
}

/** Much happens behind promises. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
