import { asError } from "../../base/as_error.ts";
import {
  ACCEPT_CHECK_FAST_MS,
  ACCEPT_CHECK_MS,
  MAX_ACCEPT_PAUSE_MS,
  SPARE_ACCEPTS,
} from "./limits.ts";
import type { NativeConnection, NativeServer } from "./native.ts";

/** How many accepts to begin. Pure. */
export function acceptsToBegin(
  { pending, handshakes, spare, max }: {
    /** Accepts that have not returned. */
    readonly pending: number;
    /** How many of them have taken a handshake. */
    readonly handshakes: number;
    readonly spare: number;
    readonly max: number;
  },
): number {
  const waiting = pending - handshakes;
  return Math.max(0, Math.min(spare - waiting, max - pending));
}

export interface AcceptPoolOptions {
  readonly maxHandshakes: number;
  readonly onConnection: (native: NativeConnection) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Keeps accepts pending on a server. Each takes one handshake and waits for its end, which for one
 * that never finishes is the idle timeout; so there are always spare ones, however many hang.
 */
export class AcceptPool {
  readonly #server: NativeServer;
  readonly #options: AcceptPoolOptions;
  #pending = 0;
  /** Handshakes that are over for sure. */
  #ended = 0;
  /** Since the last check. */
  #failures = 0;
  #pauseMs = ACCEPT_CHECK_FAST_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(server: NativeServer, options: AcceptPoolOptions) {
    this.#server = server;
    this.#options = options;
    this.#check();
  }

  /** The pending accepts end with the server. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #check(): void {
    const begun = this.#refill();
    const isFlooded = begun === SPARE_ACCEPTS;
    this.#checkIn(isFlooded ? ACCEPT_CHECK_FAST_MS : ACCEPT_CHECK_MS);
  }

  #checkIn(delayMs: number): void {
    this.#timer = setTimeout(() => {
      // Without this, one burst of garbage would slow down the accepts of the whole run.
      if (this.#failures < SPARE_ACCEPTS) this.#pauseMs = ACCEPT_CHECK_FAST_MS;
      this.#failures = 0;
      this.#check();
    }, delayMs);
  }

  /** A port that fails every accept at once would otherwise keep the event loop for itself. */
  #pause(): void {
    clearTimeout(this.#timer);
    this.#checkIn(this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_ACCEPT_PAUSE_MS);
  }

  #refill(): number {
    const count = acceptsToBegin({
      pending: this.#pending,
      handshakes: this.#server.stats().acceptedHandshakes - this.#ended,
      spare: SPARE_ACCEPTS,
      max: this.#options.maxHandshakes,
    });
    for (let begun = 0; begun < count; begun++) this.#accept();
    return count;
  }

  /** Never rejects. */
  async #accept(): Promise<void> {
    this.#pending += 1;
    try {
      const native = await this.#server.inboundConnection();
      this.#ended += 1;
      if (this.#isStopped) native.abort();
      else this.#options.onConnection(native);
    } catch (error) {
      // Garbage fails without having become a handshake, and both look alike. In doubt, one spare accept too many is
      // kept.
      if (asError(error).message === "timed out") this.#ended += 1;
      this.#failures += 1;
      if (!this.#isStopped) this.#options.onError(error);
    }
    this.#pending -= 1;
    if (this.#isStopped) return;
    if (this.#failures < SPARE_ACCEPTS) this.#refill();
    else if (this.#failures === SPARE_ACCEPTS) this.#pause();
  }
}
