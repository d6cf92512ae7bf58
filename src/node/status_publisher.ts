import type { NodeEvent, Status } from "../api/mod.ts";
import { STATUS_INTERVAL_MS } from "./defaults.ts";

export interface StatusPublisherOptions {
  readonly status: () => Status;
  readonly now: () => number;
}

/** Fans events out to the management API; whole statuses at most 4 a second, the last one always. */
export class StatusPublisher {
  readonly #options: StatusPublisherOptions;
  readonly #listeners = new Set<(event: NodeEvent) => void>();
  #sentMs = 0;
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StatusPublisherOptions) {
    this.#options = options;
  }

  subscribe(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(event: NodeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Something in the status may have changed. */
  changed(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    const waitMs = Math.max(0, this.#sentMs + STATUS_INTERVAL_MS - this.#options.now());
    this.#timer = setTimeout(() => this.#flush(), waitMs);
  }

  /** Parts that are still ending may go on telling of changes. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#listeners.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    this.#sentMs = this.#options.now();
    if (this.#listeners.size === 0) return;
    this.send({ type: "status", status: this.#options.status() });
  }
}
