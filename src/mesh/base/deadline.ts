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
