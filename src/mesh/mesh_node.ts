import { Emitter } from "../base/emitter.ts";
import { announceable } from "./base/addresses.ts";
import type { ByteStream } from "./base/byte_stream.ts";
import { type LanView, NO_LAN } from "./base/lan.ts";
import type { PortMappingView } from "./base/port_mapping.ts";
import { answerMembers } from "./answering.ts";
import type { Lan } from "./lan/lan.ts";
import type { MappedEnd, PortMappers } from "./mapping/mod.ts";
import { type EndsParts, openLanEnd, pairingDoor, portMappers } from "./node_ends.ts";
import type { Link } from "./trust/capability.ts";
import type { MeshCounters } from "./base/counters.ts";
import { NotAllowedError, UnknownMachineError } from "./base/errors.ts";
import { Expulsion } from "./expulsion.ts";
import { Inviting } from "./inviting.ts";
import type { MeshMode, MeshParts, ModeParts } from "./mesh_mode.ts";
import { Modes } from "./modes.ts";
import type { PairingDoor } from "./pairing/host.ts";
import type { PeerWay } from "./base/peer_way.ts";
import { peerWays } from "./peer_ways.ts";
import type { PipedWay } from "./reach/mod.ts";
import { RelayPaths } from "./relay/relay_paths.ts";
import { Relays } from "./relays.ts";
import { Removing } from "./removing.ts";
import { Renewals } from "./renewals.ts";
import { RevocationExchange } from "./revocation_exchange.ts";
import { StoredPeers } from "./stored_peers.ts";
import { guestOf, isGuest } from "./trust/removal.ts";
import type { JoinedPeer } from "./link/joined_peer.ts";
import type { PeerConnection } from "./link/network.ts";
import type { Announcement, AnnouncementContent } from "./base/announcement.ts";
import type {
  HandleOptions,
  InviteOptions,
  InviteStatus,
  MachineRemoval,
  Mesh,
  MeshEvent,
  OpenOptions,
  RelayView,
  StreamHandler,
  StreamWay,
} from "./base/mesh.ts";
import type { MemberRole } from "./base/roles.ts";
import type { PeerId } from "./base/peer_id.ts";
import type { RoutingTable } from "./base/table.ts";

/** One node of a mesh for as long as it is in it: what stays the same while it is active, and while it is not. */
export class MeshNode implements Omit<Mesh, "pairing"> {
  readonly self: PeerId;
  readonly meshId: string;
  readonly role: MemberRole;
  readonly ended: Promise<string>;
  readonly #parts: MeshParts;
  readonly #exchange: RevocationExchange;
  readonly #expulsion: Expulsion;
  readonly #inviting: Inviting;
  readonly #renewals: Renewals;
  readonly #removing: Removing;
  readonly #stored: StoredPeers;
  /** `null` for relays. */
  readonly #relays: Relays | null;
  /** Datagrams over other nodes, and those that this one carries. */
  readonly paths: RelayPaths;
  readonly #events: Emitter<MeshEvent>;
  readonly #modes: Modes;
  readonly #lan: Lan | null;
  readonly #ports: PortMappers;
  /** The port at which peers meet this node that can't dial it; `null` until one has wanted to. */
  #reachPort: number | null = null;
  /** The end at which others ask to join; `null` for all but members, and where the local network is left alone. */
  readonly door: PairingDoor | null;
  /** Resolves once another node of the mesh is here. */
  readonly met: Promise<void>;
  readonly #meet: () => void;
  #stopped: Promise<void> | undefined;

  constructor(parts: MeshParts) {
    this.#parts = parts;
    this.#events = new Emitter((error) =>
      parts.logger.error("A listener to the mesh failed: {error}", { error })
    );
    this.self = parts.identity.peer;
    this.meshId = parts.identity.meshId;
    this.role = parts.role;
    const { network, trust, role, random, clock, counters } = parts;
    this.ended = trust.ended;
    this.#exchange = new RevocationExchange({
      network,
      trust,
      role,
      active: () => !this.passive,
      random,
    });
    this.#expulsion = new Expulsion({
      network,
      trust,
      exchange: this.#exchange,
      clock,
      counters,
      expel: (is) => this.#expel(is),
    });
    this.#stored = new StoredPeers(this.self, parts.identity);
    this.#inviting = new Inviting({
      ...parts,
      mode: () => this.#mode,
      addresses: () => this.addresses(),
      relays: () => this.relays(),
    });
    const ends = this.#endsParts();
    this.#lan = openLanEnd(ends);
    this.#ports = portMappers(ends);
    this.door = pairingDoor(ends);
    const { promise: met, resolve: meet } = Promise.withResolvers<void>();
    this.met = met;
    this.#meet = meet;
    this.#renewals = new Renewals({ ...parts, renewed: () => this.#onRenewed() });
    this.#removing = new Removing({
      ...parts,
      self: this.self,
      renewals: this.#renewals,
      mode: () => this.#mode,
    });
    this.paths = new RelayPaths(parts);
    this.#modes = new Modes(this.#modeParts(), parts);
    this.#relays = role === "relay" ? null : this.#createRelays();
    this.paths.onPlace = (place) => this.#relays?.told(place);
    if (role === "member") {
      answerMembers({
        network,
        mesh: this,
        mode: () => this.#mode,
        emit: (event) => this.#emit(event),
      });
    }
    network.subscribe((event) => {
      if (event.type === "admitted") this.#onAdmitted(event.connection, event.peer);
      else if (event.type === "closed") this.#onClosed(event.peer);
      else this.#mode.superseded(event.connection);
    });
  }

  /** Its invites are others from now on, and what it says of itself carries other certificates. */
  #onRenewed(): void {
    this.#mode.renewed();
    this.#emit({ type: "routes" });
  }

  #onAdmitted(connection: PeerConnection, peer: JoinedPeer): void {
    const { trust, identity } = this.#parts;
    identity.meetCompany();
    this.#meet();
    if (isGuest(peer.role) && trust.mayRemove(peer.links)) {
      trust.guests.note(guestOf(peer.id, peer.links));
    }
    this.#mode.admitted(connection, peer);
    if (this.role === "relay" && peer.role === "member") {
      void this.paths.tellPlace(connection, this.addresses());
    }
    if (peer.role !== "relay") return;
    // A token may have named it beside members: it is dialled as a relay, and asked for nothing.
    this.#stored.expel([peer.id]);
    this.#relays?.met(connection);
  }

  #onClosed(peer: JoinedPeer): void {
    this.#mode.closed(peer);
    if (peer.role !== "relay") return;
    this.#relays?.parted(peer.id);
    if (this.#parts.trust.revocationOf(peer.links) !== undefined) this.#relays?.forget(peer.id);
  }

  #createRelays(): Relays {
    return new Relays({
      ...this.#parts,
      told: () => this.members().flatMap(({ relays = [] }) => relays),
      invite: (options) => this.#inviting.issue(options),
      mayInvite: () => this.mayInvite,
      revoke: (id) => this.#inviting.revoke(id),
      changed: () => {
        this.#mode.relaysChanged();
        this.#emit({ type: "relays" });
      },
    });
  }

  get #mode(): MeshMode {
    return this.#modes.current;
  }

  /** Begins to look for others, once it can be reached itself. */
  start(): void {
    this.#mode.start();
    this.#lan?.start();
    const port = this.#parts.port();
    // For who listens: a client only dials.
    if (port !== null) this.#ports.add(port);
    this.#relays?.wake();
  }

  get passive(): boolean {
    return this.#mode.passive;
  }

  standBy(): Promise<void> {
    if (this.role !== "member") {
      throw new NotAllowedError(`A ${this.role} does not gossip, so it can't leave the gossip`);
    }
    return this.#modes.leave();
  }

  rejoin(): Promise<void> {
    if (this.role !== "member") {
      throw new NotAllowedError(`A ${this.role} can't join the gossip`);
    }
    return this.#modes.enter();
  }

  /** Nobody else has ever been in this mesh. */
  get isAlone(): boolean {
    const { identity, network } = this.#parts;
    return identity.isAlone && network.connectedPeers().size === 0 && this.members().length === 0;
  }

  lan(): LanView {
    return this.#lan?.view() ?? NO_LAN;
  }

  portMapping(): PortMappingView {
    return this.#ports.view(this.#parts.port());
  }

  members(): readonly Announcement[] {
    return this.#mode.members();
  }

  rttMs(peer: PeerId): number | undefined {
    return this.#mode.rttMs(peer);
  }

  measuredRttMs(peer: PeerId): number | undefined {
    return this.#mode.measuredRttMs(peer);
  }

  routes(): RoutingTable {
    return this.#mode.routes();
  }

  refreshRoutes(options: { force?: boolean; signal?: AbortSignal }): Promise<RoutingTable> {
    return this.#mode.refreshRoutes(options);
  }

  announce(content: AnnouncementContent): void {
    if (this.role !== "member") throw new NotAllowedError(`A ${this.role} announces nothing`);
    this.#modes.announce(content);
  }

  watchClosely(peers: readonly PeerId[]): void {
    this.#mode.watchClosely(peers);
  }

  suspect(peer: PeerId, reason: string): void {
    this.#mode.suspect(peer, reason);
  }

  open(peer: PeerId, protocol: string, options: OpenOptions = {}): Promise<ByteStream> {
    return this.#mode.open(peer, protocol, options);
  }

  get mayInvite(): boolean {
    return this.#inviting.mayInvite;
  }

  addresses(): readonly string[] {
    const { interfaces } = this.#parts;
    const port = this.#parts.port();
    if (port === null) return [];
    return announceable(interfaces(), { port, peer: this.self, mapped: this.#ports.endOf(port) });
  }

  /** How the peers are reached that can't be dialled. */
  get ways(): ReadonlyMap<PeerId, PipedWay> {
    return this.#parts.reach.ways();
  }

  reachedBy(): (peer: PeerId) => PeerWay | undefined {
    const { network, reach, interfaces, port } = this.#parts;
    return peerWays({
      network,
      reach,
      interfaces: interfaces(),
      isMapped: this.#ports.endOf(port()) !== null,
      reachPort: this.#reachPort,
      isReachMapped: this.mappedReach !== null,
      addressesOf: (peer) => this.#mode.addressesOf(peer),
    });
  }

  streamWay(peer: PeerId): StreamWay | undefined {
    return this.#parts.network.streamWay(peer);
  }

  /** The router's end that leads to where peers meet this node. */
  get mappedReach(): MappedEnd | null {
    return this.#ports.endOf(this.#reachPort);
  }

  /** Peers meet this node at that port from now on. */
  meetsAt(port: number): void {
    this.#reachPort = port;
    if (this.role !== "client") this.#ports.add(port);
  }

  waysChanged(): void {
    this.#emit({ type: "measured" });
  }

  /** Whether others are asked to carry to a peer: to one that lives, or may, for all that this node knows. */
  mayBeCarriedTo(peer: PeerId): boolean {
    return this.#mode.livingPeers().includes(peer) || this.#stored.all().has(peer);
  }

  clientsConnected(): number {
    const { network } = this.#parts;
    const members = network.connectedMembers();
    const others = [...network.connectedPeers().values()].filter(({ id }) => !members.has(id));
    return others.filter(({ role }) => role !== "relay").length;
  }

  /** With at least one admitted connection. */
  peersConnected(): number {
    return this.#parts.network.connectedPeers().size;
  }

  subscribe(listener: (event: MeshEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  // deno-lint-ignore require-await -- what it throws comes as a rejection, like from any other Mesh
  async invite(options: InviteOptions): Promise<string> {
    return this.#inviting.issue(options);
  }

  // deno-lint-ignore require-await -- as above
  async defaultInvite(): Promise<string | null> {
    return this.#inviting.standing();
  }

  invites(): readonly InviteStatus[] {
    return this.#inviting.list();
  }

  revoke(id: string): Promise<void> {
    return this.#inviting.revoke(id);
  }

  removalOf(machine: string): Promise<MachineRemoval> {
    return this.#removing.preview(machine);
  }

  remove(machine: string): Promise<MachineRemoval> {
    return this.#removing.remove(machine);
  }

  async addRelay(claim: string, name?: string): Promise<RelayView> {
    if (this.#relays === null || this.role !== "member") {
      throw new NotAllowedError(`A ${this.role} adds no relay`);
    }
    return await this.#relays.add(claim, name);
  }

  async removeRelay(peer: PeerId): Promise<void> {
    if (!this.relays().some((one) => one.peer === peer)) {
      throw new UnknownMachineError(`No relay ${peer} is known here`);
    }
    await this.#removing.remove(peer);
    this.#relays?.forget(peer);
  }

  relays(): readonly RelayView[] {
    return this.#relays?.list() ?? [];
  }

  counters(): MeshCounters {
    return this.#parts.counters.snapshot();
  }

  handle(protocol: string, options: HandleOptions, handler: StreamHandler): void {
    this.#parts.network.handle(protocol, options, handler);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  #modeParts(): ModeParts {
    return {
      ...this.#parts,
      self: this.self,
      addresses: () => this.addresses(),
      relays: () => this.#relays?.places() ?? [],
      stored: () => this.#knownPeers(),
      isCarrier: (peer) =>
        this.paths.isUsed(peer) || this.#parts.network.connectedPeers().get(peer)?.role === "relay",
      nearby: (peer) => this.#lan?.addressesOf(peer) ?? [],
      remember: (peers, addressesOf) => this.#stored.remember(peers, addressesOf),
      emit: (event) => this.#emit(event),
    };
  }

  /** Those of the token and of the last time, and those that are on the local network. */
  #knownPeers(): ReadonlyMap<PeerId, readonly string[]> {
    const known = new Map<PeerId, readonly string[]>(this.#stored.all());
    for (const { peer, addresses } of this.#lan?.peers() ?? []) {
      if (!this.#stored.isExpelled(peer)) known.set(peer, [...addresses, ...known.get(peer) ?? []]);
    }
    return known;
  }

  #endsParts(): EndsParts {
    const { reach } = this.#parts;
    return {
      ...this.#parts,
      self: this.self,
      inviting: this.#inviting,
      passive: () => this.passive,
      members: () => this.members(),
      meshName: () => this.#lan?.view().own?.name ?? this.#parts.name,
      found: (peers) => this.#mode.found(peers),
      mapped: () => {
        reach.refresh();
        this.#mode.renewed();
        this.#emit({ type: "portMapping" });
      },
      emit: (event) => this.#emit(event),
    };
  }

  #emit(event: MeshEvent): void {
    // Also when this node joins or leaves the gossip; and the mesh is called after one of its members.
    if (event.type === "members") {
      this.#lan?.refresh();
      this.#relays?.wake();
    }
    if (event.type === "peer") this.#parts.trust.guests.rename(event.peer, event.name);
    this.#events.emit(event);
  }

  #expel(is: (peer: PeerId, links: readonly Link[]) => boolean): void {
    this.#stored.expel(this.#mode.forget(is));
  }

  async #stop(): Promise<void> {
    this.#modes.keep();
    this.#parts.trust.stop();
    this.#expulsion.stop();
    this.#removing.stop();
    this.#renewals.stop();
    this.door?.stop();
    this.paths.refuse();
    await Promise.all([
      this.#exchange.stop(),
      this.#lan?.stop(),
      this.#ports.stop(),
      this.#relays?.stop(),
    ]);
    await this.#modes.finish();
    this.paths.stop();
    await this.#parts.network.stop();
    await this.#parts.identity.close();
  }
}
