import { type Cancel, type Clock, systemClock } from "./clock.ts";

/**
 * A time limit that is cleared with its scope, joined with the caller's own signal. By a listener: `AbortSignal.any`
 * costs ten times as much, and every stream has two of these.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #cancel: Cancel;

  constructor(
    timeoutMs: number,
    what: string,
    parent?: AbortSignal,
    clock: Pick<Clock, "after"> = systemClock,
  ) {
    const late = () => new DOMException(`${what} took longer than ${timeoutMs} ms`, "TimeoutError");
    this.#cancel = clock.after(timeoutMs, () => this.#controller.abort(late()));
    this.#parent = parent;
    if (parent?.aborted) this.#follow();
    else parent?.addEventListener("abort", this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#cancel();
    this.#parent?.removeEventListener("abort", this.#follow);
  }

  readonly #follow = (): void => this.#controller.abort(this.#parent?.reason);
}

/** Resolves after a while, or when the signal ends the wait. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  const onAbort = () => over.resolve();
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  return over.promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  });
}
