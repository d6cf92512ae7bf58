import { TOKEN_RATE_WINDOW_MS } from "../plan/defaults.ts";

/** Tokens per second over the last moments, of the answers that this node has given. */
export class TokenRate {
  #finished: { readonly atMs: number; readonly tokens: number }[] = [];

  add(tokens: number, nowMs: number): void {
    this.#finished = [...this.#recent(nowMs), { atMs: nowMs, tokens }];
  }

  perSecond(nowMs: number): number {
    const tokens = this.#recent(nowMs).reduce((sum, { tokens }) => sum + tokens, 0);
    const perSecond = tokens * 1_000 / TOKEN_RATE_WINDOW_MS;
    return Math.round(perSecond * 10) / 10;
  }

  #recent(nowMs: number) {
    return this.#finished.filter(({ atMs }) => atMs > nowMs - TOKEN_RATE_WINDOW_MS);
  }
}
