import { CLIENT_IDLE_MS } from "../base/defaults.ts";
import type { PeerId } from "../base/peer_id.ts";

/** A connection that is used, or was until a moment ago. */
interface Held {
  uses: number;
  /** By the clock of `performance.now()`: how long it stays at least once nothing uses it. */
  keptUntilMs: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Closes the connection to a peer that nothing was asked of for a while. */
export class IdleConnections {
  readonly #close: (peer: PeerId) => void;
  readonly #idleMs: number;
  readonly #held = new Map<PeerId, Held>();
  #stopped = false;

  constructor(close: (peer: PeerId) => void, idleMs = CLIENT_IDLE_MS) {
    this.#close = close;
    this.#idleMs = idleMs;
  }

  /** Something is asked of the peer, until the answer is called; the connection stays a while after it. */
  hold(peer: PeerId, idleMs = this.#idleMs): () => void {
    const held = this.#held.get(peer) ?? { uses: 0, keptUntilMs: 0, timer: undefined };
    this.#held.set(peer, held);
    clearTimeout(held.timer);
    held.uses += 1;
    return () => this.#release(peer, held, idleMs);
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#held.values()) clearTimeout(timer);
  }

  #release(peer: PeerId, held: Held, idleMs: number): void {
    held.uses -= 1;
    const nowMs = performance.now();
    held.keptUntilMs = Math.max(held.keptUntilMs, nowMs + idleMs);
    if (held.uses > 0 || this.#stopped) return;
    held.timer = setTimeout(() => this.#expire(peer), held.keptUntilMs - nowMs);
  }

  #expire(peer: PeerId): void {
    this.#held.delete(peer);
    this.#close(peer);
  }
}
