import type { Clock } from "../../mesh/mod.ts";

/** A loop sleeps on this until something happens. */
export class Wakeup {
  readonly #after: Clock["after"];
  #rung = Promise.withResolvers<void>();
  #ringsSoon = false;

  constructor(after: Clock["after"]) {
    this.#after = after;
  }

  ring(): void {
    this.#rung.resolve();
  }

  /** Rings once after a while, however often this is called until then. */
  ringWithin(delayMs: number): void {
    if (this.#ringsSoon) return;
    this.#ringsSoon = true;
    this.#after(delayMs, () => {
      this.#ringsSoon = false;
      this.ring();
    });
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
