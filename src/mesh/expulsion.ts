import { alarmAt } from "./base/alarm.ts";
import type { Link } from "./trust/capability.ts";
import type { Cancel, Clock } from "./base/clock.ts";
import type { Counters } from "./base/counters.ts";
import type { JoinedPeer } from "./link/joined_peer.ts";
import type { PeerConnection } from "./link/network.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import type { Revocation } from "./trust/revocation.ts";
import type { RevocationExchange } from "./revocation_exchange.ts";
import type { Trust } from "./trust/trust.ts";
import type { PeerId } from "./base/peer_id.ts";

export interface ExpulsionParts {
  readonly network: PeerNetwork;
  readonly trust: Trust;
  readonly exchange: RevocationExchange;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Forgets members before their connections close, so that nobody takes them for dead. */
  expel(is: (peer: PeerId, links: readonly Link[]) => boolean): void;
}

/** Closes the connections of those whose membership ends while they are here. */
export class Expulsion {
  readonly #parts: ExpulsionParts;
  readonly #alarms = new Map<string, Cancel>();

  constructor(parts: ExpulsionParts) {
    this.#parts = parts;
    const { network, trust } = parts;
    network.subscribe((event) => {
      if (event.type === "admitted") this.#onAdmitted(event.connection, event.peer);
      else if (event.type === "closed") this.#forget(event.connection);
    });
    trust.subscribe(({ revocation }) => this.#onRevoked(revocation));
  }

  stop(): void {
    for (const cancel of this.#alarms.values()) cancel();
    this.#alarms.clear();
  }

  #onAdmitted(connection: PeerConnection, { id, expiresAt, links }: JoinedPeer): void {
    const { clock, trust } = this.#parts;
    // It may have been revoked between the two messages of its join.
    const revocation = trust.revocationOf(links);
    if (revocation !== undefined) this.#dismiss(id, revocation);
    if (expiresAt === null) return;
    this.#alarms.set(connection.id, alarmAt(clock, expiresAt, () => this.#onExpired(id)));
  }

  #onExpired(id: PeerId): void {
    const { network, counters, expel } = this.#parts;
    if (network.isConnected(id)) counters.count("cutExpired");
    expel((peer) => peer === id);
    network.disconnect(id, new Error("The membership of this peer has expired"));
  }

  #onRevoked(revocation: Revocation): void {
    const { network, trust, expel } = this.#parts;
    const isRevoked = (links: readonly Link[]) => trust.revocationOf(links) !== undefined;
    const connected = network.connectedPeers();
    // The gossip about a peer may be older than the certificates that it has shown on its connection since.
    expel((peer, links) => isRevoked(connected.get(peer)?.links ?? links));
    for (const { id, links } of connected.values()) {
      if (isRevoked(links)) this.#dismiss(id, revocation);
    }
  }

  #dismiss(id: PeerId, revocation: Revocation): void {
    this.#parts.counters.count("cutRevoked");
    this.#parts.exchange.dismiss(id, revocation);
  }

  #forget(connection: PeerConnection): void {
    this.#alarms.get(connection.id)?.();
    this.#alarms.delete(connection.id);
  }
}
