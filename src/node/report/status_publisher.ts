import { Emitter } from "../../base/emitter.ts";
import type { NodeEvent, Status } from "../../api/mod.ts";
import { STATUS_INTERVAL_MS } from "../plan/defaults.ts";

export interface StatusPublisherOptions {
  readonly status: () => Status;
  readonly now: () => number;
  /** An error of a listener, or of making a status. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Fans events out to the management API; whole statuses only while somebody looks on, at most 4 a second, the last
 * one always.
 */
export class StatusPublisher {
  readonly #options: StatusPublisherOptions;
  readonly #events: Emitter<NodeEvent>;
  #watchers = 0;
  #sentMs = 0;
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StatusPublisherOptions) {
    this.#options = options;
    this.#events = new Emitter(options.onFailure);
  }

  subscribe(listener: (event: NodeEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  /** A watcher is there until the result is called. It asks for earlier changes itself. */
  watch(): () => void {
    this.#watchers += 1;
    let isOver = false;
    return () => {
      if (!isOver) this.#watchers -= 1;
      isOver = true;
    };
  }

  send(event: NodeEvent): void {
    this.#events.emit(event);
  }

  /** Something in the status may have changed. */
  changed(): void {
    if (this.#watchers === 0 || this.#timer !== undefined || this.#stopped) return;
    const waitMs = Math.max(0, this.#sentMs + STATUS_INTERVAL_MS - this.#options.now());
    this.#timer = setTimeout(() => this.#flush(), waitMs);
  }

  /** Parts that are still ending may go on telling of changes. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#events.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    this.#sentMs = this.#options.now();
    if (this.#watchers === 0) return;
    try {
      this.send({ type: "status", status: this.#options.status() });
    } catch (error) {
      // It is made of what other nodes say, and what a timer throws ends the process.
      this.#options.onFailure(error);
    }
  }
}
