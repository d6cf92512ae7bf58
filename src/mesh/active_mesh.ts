import { raceSignal } from "../base/race_signal.ts";
import type { ByteStream } from "./base/byte_stream.ts";
import type { Link } from "./trust/capability.ts";
import { Deadline } from "../base/deadline.ts";
import { ROUTE_REQUEST_TIMEOUT_MS, TELL_PATIENCE_MS } from "./base/defaults.ts";
import { FirstTable } from "./routes/first_table.ts";
import { Gossip } from "./gossip/gossip.ts";
import type { Guest } from "./trust/invite_book.ts";
import type { JoinedPeer } from "./link/joined_peer.ts";
import { Member } from "./gossip/member.ts";
import type { MeshMode, ModeParts } from "./mesh_mode.ts";
import type { MemberChange } from "./gossip/membership.ts";
import type { NetworkStream, PeerConnection } from "./link/network.ts";
import { signerLinks, signRecord } from "./gossip/record.ts";
import { RecordIntake } from "./gossip/record_intake.ts";
import { askRoutes, ROUTES_PROTOCOL } from "./routes/routes.ts";
import { buildRoutingTable, EMPTY_TABLE } from "./routes/routing_table.ts";
import type {
  Announcement,
  AnnouncementContent,
  OpenOptions,
  PeerId,
  RefreshOptions,
  RoutingTable,
} from "./base/types.ts";

/** A member: says what it does, hears what others do, and notices who is gone. */
export class ActiveMesh implements MeshMode {
  readonly passive = false;
  readonly #parts: ModeParts;
  /** Members known before this node joined the gossip; they raise no `joined` event. */
  readonly #known: Set<PeerId>;
  readonly #learning = new AbortController();
  readonly #first: FirstTable;
  #finishing = false;
  readonly #member: Member;
  readonly #gossip: Gossip;
  #table: RoutingTable | undefined;

  /** @param table what is known from the time before */
  constructor(
    parts: ModeParts,
    known: Iterable<PeerId> = [],
    table: RoutingTable = EMPTY_TABLE,
  ) {
    this.#parts = parts;
    this.#known = new Set(known);
    const { config, identity, network, clock, counters, random, logger, self } = parts;
    const told = table.nodes.map(({ peer }) => peer).filter((peer) => peer !== self);
    this.#first = new FirstTable({
      clock,
      strangers: [...parts.stored().keys(), ...told],
      earlier: table,
      changed: () => this.#onFirstTable(),
    });
    const { key, binding: { credential } } = identity;
    const intake = new RecordIntake({ ...parts, meshKey: credential.meshKey });
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
      sign: (content) => signRecord(content, { key, credential }),
      open: (bytes, from) => intake.open(bytes, from),
      addresses: parts.addresses,
      stored: parts.stored,
      changed: (changes) => this.#onChanged(changes),
      unreachable: (peer) => this.#first.missed(peer),
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
    this.#table ??= this.#buildTable();
    return this.#table;
  }

  /** A node that has just joined waits for the others' records. */
  async refreshRoutes({ signal }: RefreshOptions): Promise<RoutingTable> {
    const { answers } = this.#first;
    await (signal === undefined ? answers : raceSignal(answers, signal));
    return this.routes();
  }

  /** A peer that asks while this node has just joined may get more by waiting for a moment. */
  async tellRoutes(): Promise<RoutingTable> {
    using deadline = Deadline.forStep(TELL_PATIENCE_MS, "Knowing the mesh");
    return await this.refreshRoutes(deadline).catch(() => this.routes());
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
    void this.#askFirst(connection);
  }

  /**
   * Adopts a connection from before this node joined the gossip. The peer waits for this node to open the gossip,
   * whichever of them dialled.
   */
  takeOver(connection: PeerConnection): void {
    this.#member.connected(connection);
    this.#gossip.open(connection);
    void this.#askFirst(connection);
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
      void this.#askFirst(connection);
    }
    return this.#gossip.accept(stream, connection);
  }

  async finish(): Promise<void> {
    this.#finishing = true;
    this.#learning.abort(new Error("This node does not gossip any more"));
    this.#first.stop();
    await this.#member.finish();
  }

  addressesOf(peer: PeerId): readonly string[] {
    const known = this.#member.addressesOf(peer);
    if (known.length > 0) return known;
    return this.#first.table.nodes.find((node) => node.peer === peer)?.addresses ?? [];
  }

  knownMembers(): readonly Guest[] {
    return [...this.#member.view.records()]
      .filter(({ status, subject }) => status === "alive" && subject !== this.#parts.self)
      .map((record) => ({ id: record.subject, links: signerLinks(record) }));
  }

  forget(is: (peer: PeerId, links: readonly Link[]) => boolean): readonly PeerId[] {
    return this.#member.view.expel((record) =>
      record.subject !== this.#parts.self && record.signer === record.subject &&
      is(record.subject, signerLinks(record))
    );
  }

  livingPeers(): readonly PeerId[] {
    return this.members().map(({ peer }) => peer);
  }

  /** A standby that was dialled is of no further use, but to who knows nobody else: it knows the others. */
  async #learnFrom(connection: PeerConnection): Promise<void> {
    const { network, remember, logger } = this.#parts;
    try {
      if (network.connectedMembers().size === 0) {
        const { nodes } = await this.#askRoutes(connection);
        const addresses = new Map(nodes.map((node) => [node.peer, node.addresses]));
        remember([...addresses.keys()], (peer) => addresses.get(peer) ?? []);
      }
    } catch (error) {
      logger.debug("{peer} is outside the gossip, and lists no other node: {error}", {
        peer: connection.peer,
        error,
      });
    }
    this.#first.missed(connection.peer);
    this.#member.standsBy(connection.peer);
    void connection.drain();
  }

  /** Whoever is here already knows the mesh: its table is whole before the gossip is. */
  async #askFirst(connection: PeerConnection): Promise<void> {
    if (!this.#first.isPartial) return;
    try {
      this.#first.told(connection.peer, await this.#askRoutes(connection));
    } catch (error) {
      this.#first.missed(connection.peer);
      const { peer } = connection;
      this.#parts.logger.debug("{peer} does not send its routing table: {error}", { peer, error });
    }
  }

  #buildTable(): RoutingTable {
    const { view } = this.#member;
    const { own, members, lost } = view;
    const { self, network } = this.#parts;
    const { table: earlier, isPartial: partial } = this.#first;
    const isKnown = (peer: PeerId) => peer === self || view.hasHeardOf(peer);
    const everybody = own === undefined ? members : [...members, own];
    const isConnected = (peer: PeerId) => network.isConnected(peer);
    const context = { lost, earlier, isKnown, partial, self, isConnected };
    return buildRoutingTable(everybody, context);
  }

  #onFirstTable(): void {
    this.#table = undefined;
    if (!this.#finishing) this.#parts.emit({ type: "routes" });
  }

  async #askRoutes(connection: PeerConnection): Promise<RoutingTable> {
    const { signal: stopped } = this.#learning;
    using deadline = Deadline.forStep(ROUTE_REQUEST_TIMEOUT_MS, "Asking for routes", stopped);
    const stream = await connection.openStream(ROUTES_PROTOCOL, deadline.signal);
    return await raceSignal(askRoutes(stream, EMPTY_TABLE), deadline.signal)
      .finally(() => stream.release());
  }

  /** Follows the view: what changed, who is to be remembered, and what subscribers hear. */
  #onChanged(changes: readonly MemberChange[]): void {
    if (this.#finishing) return;
    if (changes.length > 0 && changes.every(({ change }) => change === "measured")) {
      this.#parts.emit({ type: "measured" });
      return;
    }
    this.#table = undefined;
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
