import { formatAddress } from "../base/addresses.ts";
import type { LanMesh, LanPeer } from "../base/lan.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { Heard } from "./advert.ts";
import { MAX_LAN_ADDRESSES, MAX_LAN_STRANGERS, MAX_LAN_STRANGERS_OF_ADDRESS } from "./defaults.ts";
import type { MeshSeal } from "./seal.ts";

export interface NeighboursOptions {
  /** This node's own, which it hears as well. */
  readonly label: string;
  readonly self: PeerId;
  readonly seal: MeshSeal;
}

interface Stranger {
  readonly from: string;
  readonly label: string;
  readonly port: number;
  readonly mesh: string;
  readonly shortId: string;
  readonly untilMs: number;
}

interface OwnMember {
  readonly peer: PeerId;
  readonly ip: string;
  readonly label: string;
  readonly untilMs: number;
}

/**
 * The table of those who were heard on the network. Its size is bounded, an entry lasts as long as its sender says and
 * two minutes at most, and nobody ends the entry of another address.
 */
export class Neighbours {
  readonly #options: NeighboursOptions;
  /** By source address and label. */
  readonly #strangers = new Map<string, Stranger>();
  /** Of this mesh, by their sealed addresses: copies of a datagram, from wherever, are one entry. */
  readonly #members = new Map<string, OwnMember>();
  #copyAt: string | null = null;

  constructor(options: NeighboursOptions) {
    this.#options = options;
  }

  /** The address at which a second node with this node's key was heard. */
  get copyAt(): string | null {
    return this.#copyAt;
  }

  /** Whether anything that is shown has changed. */
  hear(heard: Heard, from: string, nowMs: number): boolean {
    const label = heard.kind === "here" ? heard.advert.label : heard.label;
    if (label === this.#options.label) return false;
    if (heard.kind === "gone") return this.#forget(label, from);
    const { port, mesh, shortId, sealed } = heard.advert;
    const untilMs = nowMs + heard.seconds * 1_000;
    return shortId === this.#options.seal.shortId
      ? this.#hearMember(label, sealed, untilMs)
      : this.#hearStranger({ from, label, port, mesh, shortId, untilMs });
  }

  /** Whether anything was dropped. */
  expire(nowMs: number): boolean {
    let dropped = false;
    for (const table of [this.#strangers, this.#members]) {
      for (const [key, { untilMs }] of table) {
        if (untilMs <= nowMs) dropped = table.delete(key) || dropped;
      }
    }
    return dropped;
  }

  /** In the order of their names. */
  meshes(): readonly LanMesh[] {
    const groups = Map.groupBy(
      this.#strangers.values(),
      ({ mesh, shortId }) => `${mesh} ${shortId}`,
    );
    return [...groups.values()].map((members) => ({
      name: members[0]!.mesh,
      shortId: members[0]!.shortId,
      machines: new Set(members.map(({ label }) => label)).size,
      addresses: members.map(({ from, port }) => `${from}:${port}`).sort(),
    })).sort((a, b) => a.name.localeCompare(b.name) || a.shortId.localeCompare(b.shortId));
  }

  /** Machines of this mesh. */
  peers(): readonly LanPeer[] {
    const groups = Map.groupBy(this.#members, ([, { peer }]) => peer);
    return [...groups].map(([peer, found]) => ({
      peer,
      addresses: found.map(([address]) => address).sort(),
    })).sort((a, b) => a.peer < b.peer ? -1 : 1);
  }

  #forget(label: string, from: string): boolean {
    let dropped = this.#strangers.delete(`${from} ${label}`);
    for (const [address, member] of this.#members) {
      if (member.label !== label || member.ip !== from) continue;
      dropped = this.#members.delete(address) || dropped;
    }
    return dropped;
  }

  /** One who names this mesh and can't seal for it is none of it. */
  #hearMember(label: string, sealed: string, untilMs: number): boolean {
    const opened = this.#options.seal.open(sealed);
    if (opened === undefined) return false;
    const { peer, ip } = opened;
    if (peer === this.#options.self) {
      this.#copyAt = ip;
      return false;
    }
    const address = formatAddress(opened);
    const isNew = !this.#members.has(address);
    if (isNew && this.#members.size >= MAX_LAN_ADDRESSES) return false;
    this.#members.set(address, { peer, ip, label, untilMs });
    return isNew;
  }

  #hearStranger(stranger: Stranger): boolean {
    const key = `${stranger.from} ${stranger.label}`;
    const known = this.#strangers.get(key);
    if (known === undefined && !this.#hasRoom(stranger.from)) return false;
    this.#strangers.set(key, stranger);
    return known === undefined || known.port !== stranger.port || known.mesh !== stranger.mesh ||
      known.shortId !== stranger.shortId;
  }

  #hasRoom(from: string): boolean {
    if (this.#strangers.size >= MAX_LAN_STRANGERS) return false;
    const sameSender = [...this.#strangers.values()].filter((one) => one.from === from);
    return sameSender.length < MAX_LAN_STRANGERS_OF_ADDRESS;
  }
}
