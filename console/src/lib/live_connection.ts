import type {
  LogLine,
  NodeEvent,
  PairingView,
  RequestRecord,
  Status,
} from "../../../src/api/base/types.ts";
import { ApiError } from "./api_error.ts";
import { RECONNECT_FIRST_MS, RECONNECT_MAX_MS } from "./defaults.ts";
import type { LiveEvent } from "./live_state.ts";

type DataOf<Type extends NodeEvent["type"]> = Omit<Extract<NodeEvent, { type: Type }>, "type">;

/** The readers of the stream's events: each gives the node's own event. */
const READERS: { [Type in NodeEvent["type"]]: (data: string) => NodeEvent } = {
  status: (data) => ({ type: "status", status: JSON.parse(data) as Status }),
  progress: (data) => ({ type: "progress", ...JSON.parse(data) as DataOf<"progress"> }),
  peer: (data) => ({ type: "peer", ...JSON.parse(data) as DataOf<"peer"> }),
  request: (data) => ({ type: "request", request: JSON.parse(data) as RequestRecord }),
  pairing: (data) => ({ type: "pairing", pairing: JSON.parse(data) as PairingView }),
  log: (data) => ({ type: "log", line: JSON.parse(data) as LogLine }),
};

const UNAUTHORIZED = 401;

/** Pause before the next attempt to connect, after so many that failed. */
export function reconnectDelayMs(failures: number): number {
  return Math.min(RECONNECT_MAX_MS, RECONNECT_FIRST_MS * 2 ** Math.max(0, failures - 1));
}

export interface LiveConnectionParts {
  readonly openEvents: () => EventSource;
  readonly probeNode: (signal: AbortSignal) => Promise<void>;
  readonly onEvent: (event: LiveEvent) => void;
  readonly now: () => number;
}

/**
 * Follows the node's events and connects again for ever. The browser does so by itself after a broken
 * connection, and tells the node what it saw last; after any other answer it gives up, and a new EventSource begins.
 */
export class LiveConnection {
  readonly #parts: LiveConnectionParts;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(parts: LiveConnectionParts) {
    this.#parts = parts;
  }

  /** Connects at once, whatever pause or attempt is under way. */
  connect(): void {
    this.stop();
    const source = this.#source = this.#parts.openEvents();
    source.addEventListener("open", () => {
      this.#failures = 0;
      this.#parts.onEvent({ type: "opened" });
    });
    source.addEventListener("error", () => void this.#onError(source));
    for (const [type, read] of Object.entries(READERS)) {
      source.addEventListener(type, ({ data }) => {
        this.#parts.onEvent({ ...read(data), atMs: this.#parts.now() });
      });
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  async #onError(source: EventSource): Promise<void> {
    if (source !== this.#source) return;
    this.#failures++;
    this.#report(null);
    if (source.readyState !== EventSource.CLOSED) return;
    this.#timer = setTimeout(() => this.connect(), reconnectDelayMs(this.#failures));
    const problem = await this.#reason();
    if (source === this.#source && problem !== null) this.#report(problem);
  }

  /** An EventSource never says why it was refused; the same node does when asked plainly. */
  async #reason(): Promise<ApiError | null> {
    try {
      await this.#parts.probeNode(AbortSignal.timeout(RECONNECT_MAX_MS));
      return null;
    } catch (error) {
      return error instanceof ApiError && error.status !== null ? error : null;
    }
  }

  #report(error: ApiError | null): void {
    this.#parts.onEvent({
      type: "lost",
      atMs: this.#parts.now(),
      problem: error?.message ?? null,
      needsKey: error?.status === UNAUTHORIZED,
    });
  }
}
