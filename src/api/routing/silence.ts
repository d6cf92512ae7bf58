import { DOUBT_MS } from "../base/defaults.ts";

/** When something last came of each host. A machine that vanishes says nothing, on none of its streams. */
export class Silence {
  readonly #heardMs = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Something came of the host, or it is asked: from now on it has time to answer. */
  heard(host: string): void {
    this.#heardMs.set(host, this.#now());
  }

  /** True once each time that the host has been silent for {@linkcode DOUBT_MS}. */
  isDoubtful(host: string): boolean {
    const now = this.#now();
    if (now - (this.#heardMs.get(host) ?? now) < DOUBT_MS) return false;
    this.#heardMs.set(host, now);
    return true;
  }
}
