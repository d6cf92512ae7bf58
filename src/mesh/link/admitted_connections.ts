import type { Link } from "../trust/capability.ts";
import type { JoinedPeer } from "./joined_peer.ts";
import type { PeerConnection } from "./network.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface AdmittedConnection {
  readonly connection: PeerConnection;
  readonly peer: JoinedPeer;
}

/** Connections of peers that have proven their membership, found by the peer: thousands of clients may be here. */
export class AdmittedConnections {
  readonly #byPeer = new Map<PeerId, AdmittedConnection[]>();

  add(admitted: AdmittedConnection): void {
    const { id } = admitted.peer;
    const others = this.#byPeer.get(id);
    if (others === undefined) this.#byPeer.set(id, [admitted]);
    else others.push(admitted);
  }

  delete({ connection, peer: { id } }: AdmittedConnection): void {
    const left = (this.#byPeer.get(id) ?? []).filter((one) => one.connection.id !== connection.id);
    if (left.length === 0) this.#byPeer.delete(id);
    else this.#byPeer.set(id, left);
  }

  /** A peer shows other certificates on the connections that it has. */
  renew(id: PeerId, links: readonly Link[]): void {
    const renewed = (this.#byPeer.get(id) ?? []).map(({ connection, peer }) => ({
      connection,
      peer: { ...peer, links },
    }));
    if (renewed.length > 0) this.#byPeer.set(id, renewed);
  }

  /** Those to one peer that are open, the first admitted first. */
  of(peer: PeerId): AdmittedConnection[] {
    return (this.#byPeer.get(peer) ?? []).filter(({ connection }) => connection.isOpen);
  }

  /** All that are open. */
  *all(): Generator<AdmittedConnection> {
    for (const id of this.#byPeer.keys()) yield* this.of(id);
  }

  /** Peers with at least one that is open, as its last one says. */
  peers(): Map<PeerId, JoinedPeer> {
    const peers = new Map<PeerId, JoinedPeer>();
    for (const id of this.#byPeer.keys()) {
      const last = this.of(id).at(-1);
      if (last !== undefined) peers.set(id, last.peer);
    }
    return peers;
  }
}
