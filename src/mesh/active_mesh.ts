import { ActiveRoutes } from "./active_routes.ts";
import type { ByteStream } from "./base/byte_stream.ts";
import type { Link } from "./trust/capability.ts";
import { Gossip } from "./gossip/gossip.ts";
import type { PresentPeer } from "./trust/invite_book.ts";
import type { JoinedPeer } from "./link/joined_peer.ts";
import { Member } from "./gossip/member.ts";
import type { MeshMode, ModeParts } from "./mesh_mode.ts";
import type { MemberChange } from "./gossip/membership.ts";
import type { NetworkStream, PeerConnection } from "./link/network.ts";
import { signerLinks, signRecord } from "./gossip/record.ts";
import { RecordIntake } from "./gossip/record_intake.ts";
import { EMPTY_TABLE } from "./routes/routing_table.ts";
import type { Announcement, AnnouncementContent } from "./base/announcement.ts";
import type { OpenOptions, RefreshOptions } from "./base/mesh.ts";
import type { PeerId } from "./base/peer_id.ts";
import type { RoutingTable } from "./base/table.ts";

/** A member: says what it does, hears what others do, and notices who is gone. */
export class ActiveMesh implements MeshMode {
  readonly passive = false;
  readonly #parts: ModeParts;
  /** Members known before this node joined the gossip; they raise no `joined` event. */
  readonly #known: Set<PeerId>;
  readonly #routes: ActiveRoutes;
  #finishing = false;
  readonly #member: Member;
  readonly #gossip: Gossip;

  /** @param table what is known from the time before */
  constructor(
    parts: ModeParts,
    known: Iterable<PeerId> = [],
    table: RoutingTable = EMPTY_TABLE,
  ) {
    this.#parts = parts;
    this.#known = new Set(known);
    const { config, identity, network, clock, counters, random, logger, self } = parts;
    this.#routes = new ActiveRoutes({
      ...parts,
      view: () => this.#member.view,
      changed: () => parts.emit({ type: "routes" }),
    }, table);
    const { key } = identity;
    const { meshKey } = identity.binding.credential;
    const intake = new RecordIntake({ ...parts, meshKey });
    const gossip = new Gossip({ clock, counters, logger });
    this.#gossip = gossip;
    this.#member = new Member({
      self,
      counter: identity,
      clock,
      timings: config.timings,
      random,
      logger,
      gossip,
      links: network,
      sign: (content) => signRecord(content, { key, credential: identity.binding.credential }),
      open: (bytes, from) => intake.open(bytes, from),
      addresses: parts.addresses,
      relays: parts.relays,
      stored: parts.stored,
      nearby: parts.nearby,
      changed: (changes) => this.#onChanged(changes),
      unreachable: (peer) => this.#routes.missed(peer),
    });
    gossip.start(this.#member.view);
  }

  start(): void {
    this.#member.start();
  }

  members(): readonly Announcement[] {
    return this.#member.view.members;
  }

  rttMs(peer: PeerId): number | undefined {
    return this.#member.view.rttMs(peer);
  }

  measuredRttMs(peer: PeerId): number | undefined {
    return this.#member.view.measuredRttMs(peer);
  }

  routes(): RoutingTable {
    return this.#routes.table;
  }

  refreshRoutes(options: RefreshOptions): Promise<RoutingTable> {
    return this.#routes.refresh(options);
  }

  tellRoutes(): Promise<RoutingTable> {
    return this.#routes.tell();
  }

  announce(content: AnnouncementContent): void {
    this.#member.view.announce(content);
  }

  watchClosely(peers: readonly PeerId[]): void {
    this.#member.watchClosely(peers);
  }

  suspect(peer: PeerId, reason: string): void {
    this.#member.view.suspect(peer, reason);
  }

  async open(peer: PeerId, protocol: string, options: OpenOptions): Promise<ByteStream> {
    const { network } = this.#parts;
    try {
      const addresses = this.addressesOf(peer);
      return await network.open(protocol, { ...options, peer, addresses });
    } catch (error) {
      if (!options.signal?.aborted) this.suspect(peer, `a stream of ${protocol} did not open`);
      throw error;
    }
  }

  admitted(connection: PeerConnection, { role, passive }: JoinedPeer): void {
    if (role !== "member") return;
    if (passive) {
      if (connection.direction === "outbound") void this.#learnFrom(connection);
      return;
    }
    this.#member.connected(connection);
    if (connection.direction === "outbound") this.#gossip.open(connection);
    void this.#routes.askFirst(connection);
  }

  /**
   * Adopts a connection from before this node joined the gossip. The peer waits for this node to open the gossip,
   * whichever of them dialled.
   */
  takeOver(connection: PeerConnection): void {
    this.#member.connected(connection);
    this.#gossip.open(connection);
    void this.#routes.askFirst(connection);
  }

  closed({ role, id }: JoinedPeer): void {
    if (role === "member") this.#member.disconnected(id);
  }

  superseded(connection: PeerConnection): void {
    this.#gossip.retire(connection);
  }

  gossip(stream: NetworkStream, connection: PeerConnection): Promise<void> {
    if (this.#parts.network.activate(connection)) {
      this.#member.connected(connection);
      void this.#routes.askFirst(connection);
    }
    return this.#gossip.accept(stream, connection);
  }

  async finish(): Promise<void> {
    this.#finishing = true;
    this.#routes.stop();
    await this.#member.finish();
  }

  addressesOf(peer: PeerId): readonly string[] {
    const known = this.#member.addressesOf(peer);
    return known.length > 0 ? known : this.#routes.addressesOf(peer);
  }

  knownMembers(): readonly PresentPeer[] {
    return [...this.#member.view.records()]
      .filter(({ status, subject }) => status === "alive" && subject !== this.#parts.self)
      .map((record) => ({ id: record.subject, links: signerLinks(record) }));
  }

  forget(is: (peer: PeerId, links: readonly Link[]) => boolean): readonly PeerId[] {
    const gone = this.#member.view.expel((record) =>
      record.subject !== this.#parts.self && record.signer === record.subject &&
      is(record.subject, signerLinks(record))
    );
    this.#routes.forget(gone);
    if (gone.length > 0) this.#parts.emit({ type: "routes" });
    return gone;
  }

  relaysChanged(): void {
    this.#member.view.surroundingsChanged();
  }

  renewed(): void {
    this.#member.view.renew();
  }

  found(peers: readonly PeerId[]): void {
    this.#member.found(peers);
  }

  livingPeers(): readonly PeerId[] {
    return this.members().map(({ peer }) => peer);
  }

  /** A standby that was dialled is of no further use: it comes by itself. */
  async #learnFrom(connection: PeerConnection): Promise<void> {
    await this.#routes.learnFrom(connection);
    this.#member.standsBy(connection.peer);
    void connection.drain();
  }

  /** Follows the view: what changed, who is to be remembered, and what subscribers hear. */
  #onChanged(changes: readonly MemberChange[]): void {
    if (this.#finishing) return;
    if (changes.length > 0 && changes.every(({ change }) => change === "measured")) {
      this.#parts.emit({ type: "measured" });
      return;
    }
    this.#routes.outdated();
    if (changes.length === 0) return;
    let moved = false;
    for (const { record: { subject: peer }, name, change } of changes) {
      if (change !== "updated" && change !== "measured") {
        const isKnown = this.#known.delete(peer) && change === "joined";
        if (!isKnown) this.#parts.emit({ type: "peer", peer, name, change });
        moved = true;
      }
    }
    if (moved) this.#remember();
    this.#parts.emit({ type: "members" });
  }

  #remember(): void {
    this.#parts.remember(this.livingPeers(), (peer) => this.addressesOf(peer));
  }
}
