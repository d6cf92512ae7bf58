import type { Cancel, Clock } from "../base/clock.ts";
import type { Contacts } from "./contacts.ts";
import { beat, firstPulse, type Pulse, type PulseEvent } from "./failure.ts";
import { addSample, measuredMs, UNMEASURED } from "./rtt.ts";
import type { MeshTimings } from "../base/timings.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface HeartbeatEffects {
  ping(peer: PeerId): void;
  probe(peer: PeerId): void;
  /** A round trip's bucket has changed. */
  rttChanged(): void;
}

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly timings: MeshTimings;
  readonly contacts: Contacts;
}

interface Watched {
  pulse: Pulse;
  cancel: Cancel;
}

/** Keeps the heartbeat with every connected peer, and measures round trips by it. */
export class Heartbeats {
  readonly #effects: HeartbeatEffects;
  readonly #clock: Clock;
  readonly #timings: MeshTimings;
  readonly #watched = new Map<PeerId, Watched>();
  readonly #contacts: Contacts;
  #closely: ReadonlySet<PeerId> = new Set();

  constructor(effects: HeartbeatEffects, { clock, timings, contacts }: HeartbeatOptions) {
    this.#effects = effects;
    this.#clock = clock;
    this.#timings = timings;
    this.#contacts = contacts;
  }

  /** A link to the peer has opened: it is pinged at once. */
  begin(peer: PeerId): void {
    this.end(peer);
    const pulse = firstPulse(this.#clock.elapsed(), this.#closely.has(peer), this.#timings);
    this.#watched.set(peer, { pulse, cancel: () => {} });
    this.#step(peer, { type: "timer" });
  }

  /** No link to the peer is left. */
  end(peer: PeerId): void {
    this.#watched.get(peer)?.cancel();
    this.#watched.delete(peer);
  }

  endAll(): void {
    for (const peer of [...this.#watched.keys()]) this.end(peer);
  }

  answered(peer: PeerId, rttMs: number): void {
    const contact = this.#contacts.of(peer);
    const before = contact.rtt;
    const after = addSample(before, rttMs);
    contact.rtt = after;
    if (after.bucketMs !== before.bucketMs) this.#effects.rttChanged();
    this.#step(peer, { type: "pong", rttMs });
  }

  watchClosely(peers: readonly PeerId[]): void {
    const [before, after] = [this.#closely, new Set(peers)];
    this.#closely = after;
    for (const peer of new Set([...before, ...after])) {
      const closely = after.has(peer);
      if (closely !== before.has(peer)) this.#step(peer, { type: "closely", closely });
    }
  }

  rttMs(peer: PeerId): number | undefined {
    return this.#contacts.find(peer)?.rtt.bucketMs;
  }

  measuredRttMs(peer: PeerId): number | undefined {
    return measuredMs(this.#contacts.find(peer)?.rtt ?? UNMEASURED);
  }

  /** Round trips to connected peers, the nearest first. */
  nearest(count: number): Record<string, number> {
    const measured: [PeerId, number][] = [];
    for (const peer of this.#watched.keys()) {
      const rtt = this.rttMs(peer);
      if (rtt !== undefined) measured.push([peer, rtt]);
    }
    measured.sort(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1));
    return Object.fromEntries(measured.slice(0, count));
  }

  #step(peer: PeerId, event: PulseEvent): void {
    const watched = this.#watched.get(peer);
    if (watched === undefined) return;
    const { pulse, action } = beat(watched.pulse, event, this.#clock.elapsed());
    watched.pulse = pulse;
    watched.cancel();
    const waitMs = Math.max(pulse.dueAt - this.#clock.elapsed(), 0);
    const onTimer = () => this.#step(peer, { type: "timer" });
    watched.cancel = this.#clock.after(Math.ceil(waitMs), onTimer);
    if (action === "ping") this.#effects.ping(peer);
    else if (action === "probe") this.#effects.probe(peer);
  }
}
