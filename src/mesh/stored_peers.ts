import { groupByPeer } from "./base/addresses.ts";
import { MAX_STORED_PEERS } from "./base/defaults.ts";
import type { Identity } from "./trust/identity.ts";
import { keptAddresses } from "./trust/kept_addresses.ts";
import type { PeerId } from "./base/types.ts";

/** Peers of the token and of the last time, to start from; kept in the data directory. */
export class StoredPeers {
  readonly #self: PeerId;
  readonly #identity: Pick<Identity, "addresses" | "remember">;
  readonly #expelled = new Set<PeerId>();

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

  /** Whose membership is over is not dialled again. */
  expel(peers: Iterable<PeerId>): void {
    for (const peer of peers) this.#expelled.add(peer);
  }
}
