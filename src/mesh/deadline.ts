import { type Cancel, type Clock, systemClock } from "./clock.ts";

/** A time limit that is cleared with its scope, joined with the caller's own signal. */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #cancel: Cancel;

  constructor(
    timeoutMs: number,
    what: string,
    parent?: AbortSignal,
    clock: Pick<Clock, "after"> = systemClock,
  ) {
    const own = new AbortController();
    this.#cancel = clock.after(timeoutMs, () => {
      own.abort(new DOMException(`${what} took longer than ${timeoutMs} ms`, "TimeoutError"));
    });
    this.signal = parent === undefined ? own.signal : AbortSignal.any([parent, own.signal]);
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }
}

/** Waits for a promise or a signal. What the promise brings too late is handed to `discard`. */
export async function raceSignal<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  discard: (late: T) => void = () => {},
): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => {
    aborted.reject(signal.reason);
    promise.then(discard, () => {});
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
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
