import { CLIENT_IDLE_MS } from "../base/defaults.ts";
import type { PeerId } from "../base/types.ts";

/** Closes the connection to a peer that nothing was asked of for a while. */
export class IdleConnections {
  readonly #close: (peer: PeerId) => void;
  readonly #idleMs: number;
  readonly #uses = new Map<PeerId, number>();
  /** By the clock of `performance.now()`: how long a connection stays at least once nothing uses it. */
  readonly #keptUntilMs = new Map<PeerId, number>();
  readonly #timers = new Map<PeerId, ReturnType<typeof setTimeout>>();
  #stopped = false;

  constructor(close: (peer: PeerId) => void, idleMs = CLIENT_IDLE_MS) {
    this.#close = close;
    this.#idleMs = idleMs;
  }

  /** Something is asked of the peer, until the answer is called; the connection stays a while after it. */
  hold(peer: PeerId, idleMs = this.#idleMs): () => void {
    clearTimeout(this.#timers.get(peer));
    this.#uses.set(peer, (this.#uses.get(peer) ?? 0) + 1);
    return () => this.#release(peer, idleMs);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #release(peer: PeerId, idleMs: number): void {
    const uses = (this.#uses.get(peer) ?? 1) - 1;
    this.#uses.set(peer, uses);
    const nowMs = performance.now();
    const untilMs = Math.max(this.#keptUntilMs.get(peer) ?? 0, nowMs + idleMs);
    this.#keptUntilMs.set(peer, untilMs);
    if (uses > 0 || this.#stopped) return;
    this.#uses.delete(peer);
    this.#timers.set(peer, setTimeout(() => this.#expire(peer), untilMs - nowMs));
  }

  #expire(peer: PeerId): void {
    this.#timers.delete(peer);
    this.#keptUntilMs.delete(peer);
    this.#close(peer);
  }
}
