import type { EntropyMessage } from "../../src/mesh/gossip/gossip_messages.ts";
import { GOSSIP_COALESCE_MS } from "../../src/mesh/base/defaults.ts";
import type {
  GossipLinks,
  GossipListener,
  LinkRequest,
  PeerLinks,
} from "../../src/mesh/gossip/peer_links.ts";
import type { MeshRecord } from "../../src/mesh/gossip/record.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import { type Connection, isOpenAt, otherEnd, type Peers, type SimNetwork } from "./network.ts";
import type { SimNode } from "./sim_node.ts";

/** A peer that did not hear the farewell keeps its end until ours is closed. */
const PARTING_MS = 1_000;

/** One node's connections and the gossip on them, for one life of its process. */
export class SimLinks implements PeerLinks, GossipLinks {
  readonly #node: SimNode;
  readonly #network: SimNetwork;
  readonly #peers: Peers;
  /** By peer, the newest last. */
  readonly #connections = new Map<PeerId, Connection[]>();
  readonly #outbox = new Map<PeerId, Map<PeerId, MeshRecord>>();
  readonly #pings = new Map<PeerId, number>();

  constructor(node: SimNode, network: SimNetwork, peers: Peers) {
    this.#node = node;
    this.#network = network;
    this.#peers = peers;
  }

  get #listener(): GossipListener {
    return this.#node.member.view;
  }

  isConnected(peer: PeerId): boolean {
    return this.#connections.has(peer);
  }

  connectedMembers(): ReadonlySet<PeerId> {
    return new Set(this.#connections.keys());
  }

  async connect({ peer, addresses, signal }: LinkRequest): Promise<void> {
    if (this.isConnected(peer)) return;
    await this.#network.dial(this.#node, this.#find(peer, addresses), signal);
  }

  async handshake({ peer, addresses, signal }: LinkRequest): Promise<void> {
    await this.#network.handshake(this.#node, this.#find(peer, addresses), signal);
  }

  disconnect(peer: PeerId): void {
    for (const connection of [...this.#connections.get(peer) ?? []]) {
      this.#network.close(connection, this.#node);
    }
  }

  isIdle(): boolean {
    return true;
  }

  peers(): readonly PeerId[] {
    return [...this.#connections.keys()];
  }

  tell(peer: PeerId, message: EntropyMessage): void {
    this.#control(peer, (to) => to.links.#listener.told(message, this.#node.peer));
  }

  part(peer: PeerId): void {
    const told = this.#control(peer, (to) => {
      to.links.#listener.parted(this.#node.peer);
      to.links.disconnect(this.#node.peer);
    });
    if (!told) return;
    this.#node.clock.after(PARTING_MS, () => this.disconnect(peer));
  }

  send(peer: PeerId, records: Iterable<MeshRecord>): void {
    if (!this.isConnected(peer)) return;
    const waiting = this.#outbox.get(peer) ?? new Map<PeerId, MeshRecord>();
    for (const record of records) waiting.set(record.subject, record);
    if (this.#outbox.has(peer) || waiting.size === 0) return;
    this.#outbox.set(peer, waiting);
    this.#node.clock.after(GOSSIP_COALESCE_MS, () => this.#flush(peer));
  }

  ping(peer: PeerId): boolean {
    const id = (this.#pings.get(peer) ?? 0) + 1;
    this.#pings.set(peer, id);
    const sentAt = this.#node.clock.elapsed();
    return this.#control(peer, (to) =>
      to.links.#control(this.#node.peer, (back) => {
        if (back.links.#pings.get(peer) !== id) return;
        back.links.#pings.set(peer, id + 1);
        back.links.#listener.answered(peer, back.clock.elapsed() - sentAt);
      }));
  }

  finish(): Promise<void> {
    for (const peer of [...this.#outbox.keys()]) this.#flush(peer);
    return Promise.resolve();
  }

  admitted(connection: Connection): void {
    const other = otherEnd(connection, this.#node);
    const { peer } = other;
    const existing = this.#connections.get(peer) ?? [];
    this.#connections.set(peer, [...existing, connection]);
    for (const old of existing) {
      if (lifeOf(old, other) < lifeOf(connection, other)) this.#network.close(old, this.#node);
    }
    const direction = connection.dialer === this.#node ? "outbound" : "inbound";
    this.#node.member.connected({ peer, direction, remoteAddress: other.address });
    this.#listener.opened(peer);
  }

  closed(connection: Connection): void {
    const { peer } = otherEnd(connection, this.#node);
    const left = (this.#connections.get(peer) ?? []).filter((one) => one !== connection);
    if (left.length > 0) this.#connections.set(peer, left);
    else this.#connections.delete(peer);
    this.#node.member.disconnected(peer);
  }

  /** Every connection of this node, for its end. */
  all(): Connection[] {
    return [...this.#connections.values()].flat();
  }

  #find(peer: PeerId, addresses: readonly string[]): SimNode {
    const node = this.#peers.get(peer);
    if (node === undefined || addresses.length === 0) throw new Error(`No address of ${peer}`);
    return node;
  }

  #flush(peer: PeerId): void {
    const records = [...this.#outbox.get(peer)?.values() ?? []];
    this.#outbox.delete(peer);
    const connection = this.#newest(peer);
    if (connection === undefined || records.length === 0) return;
    this.#network.traffic.pushes += 1;
    this.#network.traffic.records += records.length;
    const bytes = records.map((record) => record.bytes);
    this.#network.transmit(
      this.#node,
      connection,
      (to) => to.links.#listener.received(bytes, this.#node.peer),
    );
  }

  #control(peer: PeerId, deliver: (to: SimNode) => void): boolean {
    const connection = this.#newest(peer);
    if (connection === undefined) return false;
    this.#network.traffic.controls += 1;
    this.#network.transmit(this.#node, connection, deliver);
    return true;
  }

  #newest(peer: PeerId): Connection | undefined {
    const connections = this.#connections.get(peer) ?? [];
    const last = connections.at(-1);
    if (last === undefined || isOpenAt(last, this.#node)) return last;
    return connections.findLast((one) => isOpenAt(one, this.#node));
  }
}

function lifeOf({ dialer, lives }: Connection, end: SimNode): number {
  return lives[end === dialer ? 0 : 1];
}
