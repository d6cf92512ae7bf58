import type { Clock } from "../base/clock.ts";
import { MAX_CARRIERS_ASKED } from "../base/defaults.ts";
import { RateLimiter } from "../base/rate_limit.ts";
import type { PeerId } from "../base/peer_id.ts";
import { CARRY_ASK_RATE } from "../base/rate_defaults.ts";
import type { MemberRole } from "../base/roles.ts";

/** A node that this one is connected to at an address of its own. */
export interface PossibleCarrier {
  readonly peer: PeerId;
  readonly role: MemberRole;
  readonly rttMs: number | undefined;
}

export interface CarriersParts {
  readonly clock: Pick<Clock, "elapsed">;
  /** Whether this node has heard of the peer in a way that makes it worth the trouble of others. */
  readonly isWanted: (peer: PeerId) => boolean;
  readonly connected: () => readonly PossibleCarrier[];
}

/** Chooses the nodes that are asked to carry to a peer, and how often. */
export class Carriers {
  readonly #parts: CarriersParts;
  readonly #limiter = new RateLimiter(CARRY_ASK_RATE);

  constructor(parts: CarriersParts) {
    this.#parts = parts;
  }

  /** Of a call each; none where they were asked for that peer just now. */
  to(peer: PeerId): readonly PeerId[] {
    const { clock, isWanted, connected } = this.#parts;
    if (!isWanted(peer)) return [];
    const order = carriersInOrder(connected(), peer);
    // A node that has just joined has nobody to ask: that does not count.
    if (order.length === 0 || !this.#limiter.allows(peer, clock.elapsed())) return [];
    return order;
  }
}

/** Relays first, for the lines of homes are narrow, then the nearest. Pure. */
export function carriersInOrder(connected: readonly PossibleCarrier[], to: PeerId): PeerId[] {
  const rank = ({ role }: PossibleCarrier) => role === "relay" ? 0 : 1;
  const near = ({ rttMs = Infinity }: PossibleCarrier) => rttMs;
  return connected.filter(({ peer, role }) => role !== "client" && peer !== to)
    .toSorted((a, b) => rank(a) - rank(b) || (near(a) < near(b) ? -1 : 1))
    .slice(0, MAX_CARRIERS_ASKED).map(({ peer }) => peer);
}
