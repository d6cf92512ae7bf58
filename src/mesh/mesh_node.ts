import type { Logger } from "@logtape/logtape";
import { ActiveMesh } from "./active_mesh.ts";
import { announceable, groupByPeer, type InterfaceAddress, invitable } from "./addresses.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { Clock } from "./clock.ts";
import type { Identity } from "./identity.ts";
import { keptAddresses } from "./kept_addresses.ts";
import { asDisplayName } from "./names.ts";
import type { Link } from "./capability.ts";
import type { Counters, MeshCounters } from "./counters.ts";
import { GOSSIP_RATE, MAX_STORED_PEERS, ROUTES_RATE } from "./defaults.ts";
import { NotAllowedError, UnknownInviteError } from "./errors.ts";
import { Expulsion } from "./expulsion.ts";
import { GOSSIP_PROTOCOL } from "./gossip.ts";
import type { MeshMode, ModeParts } from "./mesh_mode.ts";
import { PassiveMesh } from "./passive_mesh.ts";
import type { PeerNetwork } from "./peer_network.ts";
import { RevocationExchange } from "./revocation_exchange.ts";
import { answerRoutes, ROUTES_PROTOCOL } from "./routes.ts";
import { buildRoutingTable } from "./routing_table.ts";
import type { Trust } from "./trust.ts";
import type {
  Announcement,
  AnnouncementContent,
  HandleOptions,
  InviteOptions,
  InviteStatus,
  MemberRole,
  Mesh,
  MeshEvent,
  OpenOptions,
  PeerId,
  RoutingTable,
  StreamHandler,
} from "./types.ts";

const INVITE_ID = /^[0-9a-f]{16}$/;

/** What a node of a mesh is made of. */
export interface MeshParts {
  readonly identity: Identity;
  readonly network: PeerNetwork;
  readonly trust: Trust;
  readonly counters: Counters;
  readonly role: MemberRole;
  /** A member that has not joined the gossip yet; clients never do. */
  readonly passive: boolean;
  /** UDP; `null` for a node that only dials. */
  readonly port: number | null;
  readonly clock: Clock;
  readonly random: () => number;
  readonly interfaces: () => readonly InterfaceAddress[];
  readonly logger: Logger;
}

/** One node of a mesh for as long as it runs: what stays the same while it is active, and while it is not. */
export class MeshNode implements Mesh {
  readonly self: PeerId;
  readonly meshId: string;
  readonly role: MemberRole;
  readonly ended: Promise<string>;
  readonly #parts: MeshParts;
  readonly #exchange: RevocationExchange;
  readonly #expulsion: Expulsion;
  readonly #expelled = new Set<PeerId>();
  readonly #listeners = new Set<(event: MeshEvent) => void>();
  #mode: MeshMode;
  /** One change of the mode after the other. */
  #changing: Promise<void> = Promise.resolve();
  /** It has had a voice before. */
  #hasGossiped = false;
  /** What it says of itself while it has a voice. */
  #content: AnnouncementContent | undefined;
  #stopped: Promise<void> | undefined;

  constructor(parts: MeshParts) {
    this.#parts = parts;
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
    const modeParts = this.#modeParts();
    this.#mode = parts.passive ? new PassiveMesh(modeParts) : new ActiveMesh(modeParts);
    if (role === "member") this.#answer();
    network.listen({
      admitted: (connection, peer) => this.#mode.admitted(connection, peer),
      closed: (_connection, peer) => this.#mode.closed(peer),
      superseded: (connection) => this.#mode.superseded(connection),
    });
    this.#mode.start();
  }

  get passive(): boolean {
    return this.#mode.passive;
  }

  standBy(): Promise<void> {
    if (this.role === "client") throw new NotAllowedError("A client has no voice to give up");
    return this.#change(() => this.#leave());
  }

  rejoin(): Promise<void> {
    if (this.role === "client") throw new NotAllowedError("A client has no voice in the mesh");
    return this.#change(() => this.#enter());
  }

  members(): readonly Announcement[] {
    return this.#mode.members();
  }

  rttMs(peer: PeerId): number | undefined {
    return this.#mode.rttMs(peer);
  }

  routes(): RoutingTable {
    return this.#mode.routes();
  }

  refreshRoutes(options: { force?: boolean; signal?: AbortSignal }): Promise<RoutingTable> {
    return this.#mode.refreshRoutes(options);
  }

  announce(content: AnnouncementContent): void {
    if (this.role === "client") throw new NotAllowedError("A client announces nothing");
    this.#mode.announce(content);
    this.#content = content;
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
    return this.role === "member" && this.#parts.identity.binding.credential.grant.mayInvite;
  }

  addresses(): readonly string[] {
    const { port, interfaces } = this.#parts;
    return port === null ? [] : announceable(interfaces(), { port, peer: this.self });
  }

  clientsConnected(): number {
    const { network } = this.#parts;
    return network.connectedPeers().size - network.connectedMembers().size;
  }

  subscribe(listener: (event: MeshEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // deno-lint-ignore require-await -- what it throws comes as a rejection, like from any other Mesh
  async invite({ role, name, mayInvite = false, expiresAt }: InviteOptions): Promise<string> {
    const { identity, trust } = this.#parts;
    const grant = {
      role,
      name: name === undefined ? null : asDisplayName(name),
      mayInvite,
      expiresAt: expiresAt ?? identity.binding.credential.grant.expiresAt,
    };
    return trust.invites.issue(grant, this.#invitingAddresses());
  }

  // deno-lint-ignore require-await -- as above
  async standingInvite(): Promise<string | null> {
    if (!this.mayInvite) return null;
    const { identity, trust } = this.#parts;
    const { expiresAt } = identity.binding.credential.grant;
    const grant = { role: "member", name: null, mayInvite: false, expiresAt } as const;
    return trust.invites.standing(grant, this.#invitingAddresses());
  }

  invites(): readonly InviteStatus[] {
    const { network, trust } = this.#parts;
    return trust.invites.list([...this.#mode.knownMembers(), ...network.connectedPeers().values()]);
  }

  async revoke(id: string): Promise<void> {
    const { trust } = this.#parts;
    if (!this.mayInvite) {
      throw new NotAllowedError("This node may not invite, so it revokes nothing");
    }
    const known = this.invites().find((invite) => invite.id === id);
    // The root's word counts for every invite of the mesh, also for one that nobody has used yet.
    if (known === undefined && !(trust.isRoot && INVITE_ID.test(id))) {
      throw new UnknownInviteError(
        `This node knows of no invite ${id}: list them to see their ids`,
      );
    }
    // Who hears of it passes it on: a passive node may be connected to nobody.
    if (this.passive) await this.refreshRoutes({ force: true });
    await trust.revoke({ id, expiresAt: known?.expiresAt ?? null });
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
      stored: () => this.#storedPeers(),
      remember: (peers, addressesOf) => this.#remember(peers, addressesOf),
      emit: (event) => this.#emit(event),
    };
  }

  #change(step: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(step);
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  async #leave(): Promise<void> {
    if (this.passive || this.#stopped !== undefined) return;
    this.#hasGossiped = true;
    const active = this.#mode;
    const passive = new PassiveMesh(this.#modeParts(), buildRoutingTable(active.members()));
    this.#mode = passive;
    await active.finish();
    // Peers close what gossip has left, once nothing uses it; what this node asks next is not to meet that.
    this.#parts.network.disconnectIdle(new Error("This node stands by"));
    passive.start();
    this.#emit({ type: "members" });
  }

  async #enter(): Promise<void> {
    if (!this.passive || this.#stopped !== undefined) return;
    const { identity, network } = this.#parts;
    const passive = this.#mode;
    network.disconnectPassive(new Error("This node joins the gossip"));
    // A life of its own: what was said of the last one, its end above all, is not about this one.
    if (this.#hasGossiped) identity.rise(identity.incarnation);
    const known = this.#hasGossiped ? passive.livingPeers() : [];
    const active = new ActiveMesh(this.#modeParts(), known);
    this.#mode = active;
    if (this.#content !== undefined) active.announce(this.#content);
    for (const { connection } of network.activeConnections()) active.takeOver(connection);
    active.start();
    await passive.finish();
    this.#emit({ type: "members" });
  }

  /** What members are asked by others. */
  #answer(): void {
    const { network } = this.#parts;
    network.handle(
      GOSSIP_PROTOCOL,
      { roles: ["member"], maxStreams: 1, rate: GOSSIP_RATE },
      (stream, _peer, connection) => this.#mode.gossip(stream, connection),
    );
    network.handle(
      ROUTES_PROTOCOL,
      { roles: ["client", "member"], maxStreams: 4, rate: ROUTES_RATE },
      (stream) =>
        answerRoutes(stream, {
          table: () => this.routes(),
          asked: (model) => this.#emit({ type: "asked", model }),
        }),
    );
  }

  #emit(event: MeshEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#parts.logger.error("A listener to the mesh failed: {error}", { error });
      }
    }
  }

  /** Peers of the token and of the last time, to start from. */
  #storedPeers(): Map<PeerId, string[]> {
    const peers = groupByPeer(this.#parts.identity.addresses);
    for (const peer of [this.self, ...this.#expelled]) peers.delete(peer);
    return peers;
  }

  /** Keeps the addresses of these peers, and of those that were kept before and are not among them. */
  #remember(
    peers: readonly PeerId[],
    addressesOf: (peer: PeerId) => readonly string[],
  ): void {
    const living = peers.flatMap(addressesOf);
    const known = new Set(peers);
    const strangers = [...this.#storedPeers()].flatMap(([peer, addresses]) =>
      known.has(peer) ? [] : addresses
    );
    this.#parts.identity.remember(keptAddresses(living, strangers, MAX_STORED_PEERS));
  }

  /** Of a token: this node first, then those it is connected to, then the others that live. */
  #invitingAddresses(): readonly string[] {
    const { network } = this.#parts;
    const rank = (peer: PeerId) => network.isConnected(peer) ? 0 : 1;
    const mode = this.#mode;
    const peers = [...mode.livingPeers()].sort((a, b) => rank(a) - rank(b));
    return [this.addresses(), ...peers.map((peer) => invitable(mode.addressesOf(peer)))].flat();
  }

  #expel(is: (peer: PeerId, links: readonly Link[]) => boolean): void {
    for (const peer of this.#mode.forget(is)) this.#expelled.add(peer);
  }

  async #stop(): Promise<void> {
    this.#parts.trust.stop();
    this.#expulsion.stop();
    await this.#exchange.stop();
    await this.#changing;
    await this.#mode.finish();
    await this.#parts.network.stop();
    await this.#parts.identity.flushed();
  }
}
