/**
 * A signal with a timer of its own: it fires by itself, or with the signal it follows, until disposed. A listener does
 * that for a tenth of what `AbortSignal.any` costs, and every request needs some.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #follows: AbortSignal | undefined;

  /** @param message of the error that the signal carries when the time is over. */
  constructor(afterMs: number, message: string, follows?: AbortSignal) {
    this.#timer = setTimeout(() => this.#controller.abort(new Error(message)), afterMs);
    this.#follows = follows;
    if (follows?.aborted) this.#follow();
    else follows?.addEventListener("abort", this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#follows?.removeEventListener("abort", this.#follow);
  }

  readonly #follow = (): void => this.#controller.abort(this.#follows?.reason);
}
