import { RATE_WINDOW_MS } from "../base/defaults.ts";

/** Bytes per second over the last moments. Bytes that turn out to be wrong count as negative ones. */
export class Rate {
  #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  add(bytes: number, nowMs: number): void {
    const last = this.#samples.at(-1);
    // One sample for each tenth of a second, so that a fast line does not make a long list.
    const joined = last !== undefined && nowMs - last.atMs < 100;
    if (joined) this.#samples[this.#samples.length - 1] = { ...last, bytes: last.bytes + bytes };
    else this.#samples = [...this.#recent(nowMs), { atMs: nowMs, bytes }];
  }

  perSecond(nowMs: number): number {
    const recent = this.#recent(nowMs);
    const first = recent[0];
    if (first === undefined) return 0;
    const bytes = recent.reduce((sum, sample) => sum + sample.bytes, 0);
    return Math.max(0, Math.round(bytes * 1000 / Math.max(nowMs - first.atMs, 1000)));
  }

  #recent(nowMs: number) {
    return this.#samples.filter(({ atMs }) => atMs > nowMs - RATE_WINDOW_MS);
  }
}
