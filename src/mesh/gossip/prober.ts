import { raceSignal } from "../../base/race_signal.ts";
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import type { MeshTimings } from "../base/timings.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface ProbeEffects {
  /** Sends a ping over the link to the peer; false where there is none. */
  ping(peer: PeerId): boolean;
  /** Makes a new connection beside the old: the handshake is answered even by a process that is too busy for a ping. */
  handshake(peer: PeerId, signal: AbortSignal): Promise<unknown>;
  /** Connects and joins anew: more than a process does that has closed its connections to exit. */
  rejoin(peer: PeerId, signal: AbortSignal): Promise<unknown>;
}

export interface ProbeOptions {
  readonly clock: Pick<Clock, "after">;
  readonly timings: Pick<MeshTimings, "probeMs">;
}

/** The one direct probe that decides whether a suspect is dead. */
export class Prober {
  readonly #effects: ProbeEffects;
  readonly #clock: Pick<Clock, "after">;
  readonly #limitMs: number;
  readonly #running = new Map<PeerId, Promise<boolean>>();
  readonly #answers = new Map<PeerId, PromiseWithResolvers<void>>();
  readonly #stop = new AbortController();

  constructor(effects: ProbeEffects, { clock, timings }: ProbeOptions) {
    this.#effects = effects;
    this.#clock = clock;
    this.#limitMs = timings.probeMs;
  }

  /** Whether the peer lives. Asked again while a probe runs, it is that probe's answer. */
  probe(peer: PeerId): Promise<boolean> {
    const running = this.#running.get(peer) ?? this.#probe(peer);
    this.#running.set(peer, running);
    return running;
  }

  /** The peer has answered a ping, no matter which member sent it. */
  answered(peer: PeerId): void {
    this.#answers.get(peer)?.resolve();
  }

  /** Resolves when no probe is left; those that ran have found their peers alive. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error("This node stops"));
    await Promise.all(this.#running.values());
  }

  async #probe(peer: PeerId): Promise<boolean> {
    using deadline = Deadline.forStep(this.#limitMs, "The probe", this.#stop.signal, this.#clock);
    try {
      await raceSignal(this.#ask(peer, deadline.signal), deadline.signal);
      return true;
    } catch {
      return this.#stop.signal.aborted;
    } finally {
      this.#running.delete(peer);
      this.#answers.delete(peer);
    }
  }

  async #ask(peer: PeerId, signal: AbortSignal): Promise<void> {
    const answer = Promise.withResolvers<void>();
    this.#answers.set(peer, answer);
    const isLinked = this.#effects.ping(peer);
    if (!isLinked) await this.#effects.rejoin(peer, signal);
    else if (!await this.#isInTime(answer.promise, signal)) {
      await this.#effects.handshake(peer, signal);
    }
  }

  /** An answer has half of the time, so that a connection which is lost does not speak for its peer. */
  async #isInTime(answer: Promise<void>, signal: AbortSignal): Promise<boolean> {
    using half = Deadline.forStep(this.#limitMs / 2, "The ping", signal, this.#clock);
    return await raceSignal(answer, half.signal).then(() => true, () => false);
  }
}
