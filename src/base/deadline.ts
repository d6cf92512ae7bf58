/** Runs something after a while, unless the result is called before. */
export interface Timer {
  after(delayMs: number, run: () => void): () => void;
}

const SYSTEM: Timer = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * A time limit that is cleared with its scope, joined with the caller's own signal. By a listener: `AbortSignal.any` does
 * that by way of the garbage collector, and costs ten times as much, where every request and every stream has some.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #follows: AbortSignal | undefined;
  readonly #cancel: () => void;

  /** @param late the sentence, or the error, that the signal carries once the time is over. */
  constructor(
    afterMs: number,
    late: string | (() => unknown),
    follows?: AbortSignal,
    timer: Timer = SYSTEM,
  ) {
    this.#cancel = timer.after(afterMs, () => this.#controller.abort(errorOf(late)));
    this.#follows = follows;
    if (follows?.aborted) this.#follow();
    else follows?.addEventListener("abort", this.#follow, { once: true });
  }

  /** For a step that has a name, such as "The join". */
  static forStep(afterMs: number, step: string, follows?: AbortSignal, timer?: Timer): Deadline {
    return new Deadline(afterMs, `${step} took longer than ${afterMs} ms`, follows, timer);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#cancel();
    this.#follows?.removeEventListener("abort", this.#follow);
  }

  readonly #follow = (): void => this.#controller.abort(this.#follows?.reason);
}

function errorOf(late: string | (() => unknown)): unknown {
  return typeof late === "string" ? new DOMException(late, "TimeoutError") : late();
}
