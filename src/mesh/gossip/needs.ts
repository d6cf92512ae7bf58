import { FULL_MESH_MEMBERS, PART_AFTER_MS } from "../base/defaults.ts";
import { isNeighbourOf, neighbours } from "./overlay.ts";
import type { Announcement } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";

/** Which connections a member needs: to its neighbours, and to the nodes of its split. */
export class Needs {
  readonly #self: PeerId;
  #close: ReadonlySet<PeerId> = new Set();
  /** The last answer, and to which members. */
  #wanted: ReadonlySet<PeerId> = new Set();
  #wantedOf: readonly Announcement[] | undefined;
  /** Since when a connected peer was needed by neither end. */
  readonly #unneededSince = new Map<PeerId, number>();

  constructor(self: PeerId) {
    this.#self = self;
  }

  /** Sets the nodes of the split; tells whether they are others than before. */
  close(peers: readonly PeerId[]): boolean {
    const isSame = peers.length === this.#close.size && peers.every((p) => this.#close.has(p));
    if (isSame) return false;
    this.#close = new Set(peers);
    this.#wantedOf = undefined;
    return true;
  }

  /** Living members that this node has to be connected to. */
  wanted(members: readonly Announcement[]): ReadonlySet<PeerId> {
    if (members === this.#wantedOf) return this.#wanted;
    const living = members.map(({ peer }) => peer);
    const wanted = new Set(neighbours(this.#self, living));
    for (const peer of living) if (this.#close.has(peer)) wanted.add(peer);
    this.#wantedOf = members;
    this.#wanted = wanted;
    return wanted;
  }

  /** Connected members that neither end has needed for a while. */
  unneeded(
    connected: ReadonlySet<PeerId>,
    members: readonly Announcement[],
    now: number,
  ): PeerId[] {
    if (members.length < FULL_MESH_MEMBERS) {
      this.#unneededSince.clear();
      return [];
    }
    const wanted = this.wanted(members);
    const everybody = [...members.map(({ peer }) => peer), this.#self].sort();
    const spare = [...connected].filter((peer) =>
      !wanted.has(peer) && !isNeighbourOf(this.#self, peer, everybody)
    );
    for (const peer of this.#unneededSince.keys()) {
      if (!spare.includes(peer)) this.#unneededSince.delete(peer);
    }
    for (const peer of spare) {
      if (!this.#unneededSince.has(peer)) this.#unneededSince.set(peer, now);
    }
    return spare.filter((peer) => now - (this.#unneededSince.get(peer) ?? now) >= PART_AFTER_MS);
  }
}
