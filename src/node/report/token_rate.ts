import { TOKEN_RATE_WINDOW_MS } from "../plan/defaults.ts";

/** Tokens per second over the last moments, of the answers that this node has given. */
export class TokenRate {
  /** In the order of their ends. */
  #finished: { readonly atMs: number; readonly tokens: number }[] = [];
  /** Those before it are forgotten. */
  #first = 0;
  /** Of those that are not. */
  #tokens = 0;

  add(tokens: number, nowMs: number): void {
    this.#finished.push({ atMs: nowMs, tokens });
    this.#tokens += tokens;
    this.#forget(nowMs);
  }

  perSecond(nowMs: number): number {
    this.#forget(nowMs);
    const perSecond = this.#tokens * 1_000 / TOKEN_RATE_WINDOW_MS;
    return Math.round(perSecond * 10) / 10;
  }

  /** Moves what is left once in a while only, so that a crowd of short answers costs each of them the same. */
  #forget(nowMs: number): void {
    const finished = this.#finished;
    for (let next = finished[this.#first]; next !== undefined; next = finished[this.#first]) {
      if (next.atMs > nowMs - TOKEN_RATE_WINDOW_MS) break;
      this.#tokens -= next.tokens;
      this.#first++;
    }
    if (2 * this.#first < finished.length) return;
    this.#finished = finished.slice(this.#first);
    this.#first = 0;
  }
}
