import type { Clock } from "../../mesh/mod.ts";

/** A loop sleeps on this until something happens. */
export class Wakeup {
  readonly #after: Clock["after"];
  #rung = Promise.withResolvers<void>();
  #cancelSoon: (() => void) | undefined;
  #hasEnded = false;

  constructor(after: Clock["after"]) {
    this.#after = after;
  }

  ring(): void {
    this.#rung.resolve();
  }

  /** Rings once after a while, however often this is called until then. */
  ringWithin(delayMs: number): void {
    if (this.#hasEnded) return;
    this.#cancelSoon ??= this.#after(delayMs, () => {
      this.#cancelSoon = undefined;
      this.ring();
    });
  }

  /** Nobody sleeps on it any more: no timer is left, whatever is still heard. */
  end(): void {
    this.#hasEnded = true;
    this.#cancelSoon?.();
  }

  /** Resolves once it has rung since the last time, or after the pause; `null` is no pause. */
  async rung(pauseMs: number | null): Promise<void> {
    const cancel = pauseMs === null
      ? undefined
      : this.#after(Math.max(0, pauseMs), () => this.ring());
    await this.#rung.promise;
    cancel?.();
    this.#rung = Promise.withResolvers();
  }
}
