import { redialDelayMs } from "./backoff.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { PeerId } from "../base/peer_id.ts";

/** A peer that this node wants a connection to. */
export interface DialTarget {
  readonly peer: PeerId;
  /** Time left to the peer to dial first. */
  readonly courtesyMs: number;
  readonly maxDelayMs: number;
}

export interface DialerEffects {
  /** The nodes to dial now, given those that are connected. */
  targets(): readonly DialTarget[];
  dial(target: DialTarget, signal: AbortSignal): Promise<unknown>;
  failed(target: DialTarget, failures: number, error: unknown): void;
  /** One of these effects has thrown. */
  broke?(error: unknown): void;
}

interface Attempt {
  failures: number;
  dueAt: number;
  running: boolean;
}

/** Keeps dialling the peers that are wanted and not connected, each with a backoff of its own. */
export class Dialer {
  readonly #effects: DialerEffects;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #attempts = new Map<PeerId, Attempt>();
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #cancel: Cancel = () => {};

  constructor(
    effects: DialerEffects,
    { clock, random }: { readonly clock: Clock; readonly random: () => number },
  ) {
    this.#effects = effects;
    this.#clock = clock;
    this.#random = random;
  }

  /** The set of wanted or connected peers may have changed. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    const targets = this.#effects.targets();
    this.#forgetOthers(new Set(targets.map(({ peer }) => peer)));
    const waits = targets.map((target) => this.#consider(target)).filter((ms) => ms !== undefined);
    this.#cancel();
    if (waits.length > 0) {
      this.#cancel = this.#clock.after(Math.ceil(Math.min(...waits)), () => this.wake());
    }
  }

  /** News of a peer: what was learned of it by dialling is past. */
  forget(peer: PeerId): void {
    if (!this.#attempts.get(peer)?.running) this.#attempts.delete(peer);
  }

  /** Resolves when no dial is left. */
  async stop(): Promise<void> {
    this.#cancel();
    this.#stop.abort(new Error("This node stops"));
    await Promise.all(this.#running);
  }

  /** Dials if it is time; otherwise says how long to wait. */
  #consider(target: DialTarget): number | undefined {
    const now = this.#clock.elapsed();
    const attempt = this.#attempts.get(target.peer) ??
      { failures: 0, dueAt: now + target.courtesyMs, running: false };
    this.#attempts.set(target.peer, attempt);
    if (attempt.running) return undefined;
    if (attempt.dueAt > now) return attempt.dueAt - now;
    this.#start(target, attempt);
    return undefined;
  }

  #start(target: DialTarget, attempt: Attempt): void {
    attempt.running = true;
    const run = this.#dial(target, attempt).finally(() => {
      this.#running.delete(run);
      attempt.running = false;
      this.wake();
    }).catch((error) => this.#effects.broke?.(error));
    this.#running.add(run);
  }

  async #dial(target: DialTarget, attempt: Attempt): Promise<void> {
    const { signal } = this.#stop;
    try {
      await this.#effects.dial(target, signal);
      // Connected; should that not last, the next dial waits like after a failure.
      attempt.failures = 0;
    } catch (error) {
      attempt.failures += 1;
      if (!signal.aborted) this.#effects.failed(target, attempt.failures, error);
    }
    const delayMs = redialDelayMs(attempt.failures, target.maxDelayMs, this.#random);
    attempt.dueAt = this.#clock.elapsed() + delayMs;
  }

  #forgetOthers(wanted: ReadonlySet<PeerId>): void {
    for (const [peer, { running }] of this.#attempts) {
      if (!wanted.has(peer) && !running) this.#attempts.delete(peer);
    }
  }
}
