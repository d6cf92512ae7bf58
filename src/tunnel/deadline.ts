/** A signal with a timer of its own: it fires by itself, or with the signal it follows, until disposed. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly signal: AbortSignal;

  /** @param message of the error that the signal carries when the time is over. */
  constructor(afterMs: number, message: string, follows?: AbortSignal) {
    this.#timer = setTimeout(() => this.#controller.abort(new Error(message)), afterMs);
    this.signal = follows === undefined
      ? this.#controller.signal
      : AbortSignal.any([this.#controller.signal, follows]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
