import type { Mesh } from "../../mesh/mod.ts";
import { pause } from "../../base/pause.ts";
import { NEXT_TABLE_MS, TABLE_ASK_PAUSE_MS } from "../plan/defaults.ts";

export interface TableFollowerOptions {
  readonly mesh: Pick<Mesh, "passive" | "refreshRoutes">;
  /** Somebody could be asked, or nobody. */
  readonly asked: (isAnswered: boolean) => void;
}

/**
 * Keeps the table of a passive node current while somebody waits for a model: the member that is asked answers as soon as
 * its own table is another. One of an earlier version answers at once, and is asked again after a pause.
 */
export class TableFollower {
  readonly #options: TableFollowerOptions;
  #followers = 0;
  #ending = new AbortController();
  #isCurrent = false;

  constructor(options: TableFollowerOptions) {
    this.#options = options;
  }

  /** A member was asked, and says so itself once there is more to know. */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** Until the result is called. A node that gossips knows by itself. */
  follow(): () => void {
    if (this.#followers++ === 0) {
      this.#ending = new AbortController();
      void this.#run(this.#ending.signal);
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.#followers > 0) return;
      this.#ending.abort();
      this.#isCurrent = false;
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { mesh, asked } = this.#options;
    // The first question is that of whoever begins to wait, and is asked once for both.
    for (let waitMs = 0; mesh.passive && !signal.aborted; waitMs = NEXT_TABLE_MS) {
      const startedMs = performance.now();
      const wait = waitMs === 0 ? {} : { waitMs };
      const isAnswered = await mesh.refreshRoutes({ force: true, signal, ...wait })
        .then(() => true, () => false);
      if (signal.aborted) break;
      this.#isCurrent = isAnswered;
      asked(isAnswered);
      await pause(Math.max(0, startedMs + TABLE_ASK_PAUSE_MS - performance.now()), signal);
    }
    if (!signal.aborted) this.#isCurrent = false;
  }
}
