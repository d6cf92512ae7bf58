import type { Mesh } from "../../mesh/mod.ts";
import { FRESHEN_LIMIT_MS, TABLE_FRESH_MS } from "../plan/defaults.ts";

/**
 * Keeps the routing table of a passive node fresh for who looks on. It may be a minute old as long as only
 * requests use it, but somebody who looks wants to see what is so now.
 */
export class TableWatch {
  readonly #mesh: Pick<Mesh, "passive" | "refreshRoutes">;
  #asked: Promise<void> | undefined;
  #askedMs = -Infinity;
  #watchers = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(mesh: Pick<Mesh, "passive" | "refreshRoutes">) {
    this.#mesh = mesh;
  }

  /** Gossip keeps an active node fresh. Never fails. */
  freshen(): Promise<void> {
    if (!this.#mesh.passive) return Promise.resolve();
    if (performance.now() - this.#askedMs > TABLE_FRESH_MS) this.#ask();
    return this.#asked ?? Promise.resolve();
  }

  /** Keeps it fresh until the result is called. */
  watch(): () => void {
    if (this.#watchers++ === 0) {
      this.#timer = setInterval(() => void this.freshen(), TABLE_FRESH_MS);
    }
    return () => {
      if (--this.#watchers === 0) this.stop();
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #ask(): void {
    this.#askedMs = performance.now();
    const limit = AbortSignal.timeout(FRESHEN_LIMIT_MS);
    this.#asked = this.#mesh.refreshRoutes({ force: true, signal: limit })
      // Nobody answers: what is shown is what was known last, and mesh goes on trying.
      .then(() => {}, () => {})
      .finally(() => this.#asked = undefined);
  }
}
