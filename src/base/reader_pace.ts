/** The pace at which an answer is taken by whoever reads it, however fast it is made. */
export class ReaderPace {
  readonly #now: () => number;
  #handedMs: number | null = null;

  /** @param now milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** For how long a piece that has come was not taken; 0 while the next one is waited for. */
  get heldMs(): number {
    return this.#handedMs === null ? 0 : this.#now() - this.#handedMs;
  }

  /** A piece has come. */
  handed(): void {
    this.#handedMs = this.#now();
  }

  /** All that has come was taken. */
  took(): void {
    this.#handedMs = null;
  }
}
