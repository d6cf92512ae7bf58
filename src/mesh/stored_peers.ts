import { groupByPeer } from "./base/addresses.ts";
import { MAX_STORED_PEERS } from "./base/defaults.ts";
import type { Identity } from "./trust/identity.ts";
import { keptAddresses } from "./trust/kept_addresses.ts";
import type { PeerId } from "./base/peer_id.ts";

/** Peers of the token and of the last time, to start from; kept in the data directory. */
export class StoredPeers {
  readonly #self: PeerId;
  readonly #identity: Pick<Identity, "addresses" | "remember">;
  /** Of those whose addresses are kept. */
  #expelled: ReadonlySet<PeerId> = new Set();

  constructor(self: PeerId, identity: Pick<Identity, "addresses" | "remember">) {
    this.#self = self;
    this.#identity = identity;
  }

  all(): Map<PeerId, string[]> {
    const peers = groupByPeer(this.#identity.addresses);
    for (const peer of [this.#self, ...this.#expelled]) peers.delete(peer);
    return peers;
  }

  /** Keeps the addresses of these peers, and of those that were kept before and are not among them. */
  remember(peers: readonly PeerId[], addressesOf: (peer: PeerId) => readonly string[]): void {
    const living = peers.flatMap(addressesOf);
    const known = new Set(peers);
    const strangers = [...this.all()].flatMap(([peer, addresses]) =>
      known.has(peer) ? [] : addresses
    );
    this.#identity.remember(keptAddresses(living, strangers, MAX_STORED_PEERS));
  }

  isExpelled(peer: PeerId): boolean {
    return this.#expelled.has(peer);
  }

  /** Peers whose membership is over are not dialled again. The next change of the mesh drops their addresses. */
  expel(peers: Iterable<PeerId>): void {
    const kept = groupByPeer(this.#identity.addresses);
    this.#expelled = new Set([...this.#expelled, ...peers].filter((peer) => kept.has(peer)));
  }
}
