import type { Logger } from "@logtape/logtape";
import { announceable, groupByPeer, type InterfaceAddress, invitable } from "./addresses.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { Clock } from "./clock.ts";
import { MAX_STORED_PEERS } from "./defaults.ts";
import type { Identity } from "./identity.ts";
import { keptAddresses } from "./kept_addresses.ts";
import { asDisplayName } from "./names.ts";
import type { Link } from "./capability.ts";
import type { Counters, MeshCounters } from "./counters.ts";
import { NotAllowedError, UnknownInviteError } from "./errors.ts";
import { Expulsion } from "./expulsion.ts";
import type { Guest } from "./invite_book.ts";
import type { PeerNetwork } from "./peer_network.ts";
import { RevocationExchange } from "./revocation_exchange.ts";
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

/** What both kinds of node are made of. */
export interface MeshParts {
  readonly identity: Identity;
  readonly network: PeerNetwork;
  readonly trust: Trust;
  readonly counters: Counters;
  readonly role: MemberRole;
  /** UDP; `null` for a node that only dials. */
  readonly port: number | null;
  readonly clock: Clock;
  readonly random: () => number;
  readonly interfaces: () => readonly InterfaceAddress[];
  readonly logger: Logger;
}

/** What members and clients have in common. */
export abstract class BaseMesh implements Mesh {
  readonly self: PeerId;
  readonly meshId: string;
  readonly role: MemberRole;
  protected readonly parts: MeshParts;
  readonly ended: Promise<string>;
  readonly #exchange: RevocationExchange;
  readonly #expulsion: Expulsion;
  readonly #expelled = new Set<PeerId>();
  readonly #listeners = new Set<(event: MeshEvent) => void>();
  #stopped: Promise<void> | undefined;

  constructor(parts: MeshParts) {
    this.parts = parts;
    this.self = parts.identity.peer;
    this.meshId = parts.identity.meshId;
    this.role = parts.role;
    const { network, trust, role, random, clock, counters } = parts;
    this.ended = trust.ended;
    this.#exchange = new RevocationExchange({ network, trust, role, random });
    this.#expulsion = new Expulsion({
      network,
      trust,
      exchange: this.#exchange,
      clock,
      counters,
      expel: (is) => this.#expel(is),
    });
  }

  abstract members(): readonly Announcement[];
  abstract rttMs(peer: PeerId): number | undefined;
  abstract routes(): RoutingTable;
  abstract refreshRoutes(
    options: { force?: boolean; signal?: AbortSignal },
  ): Promise<RoutingTable>;
  abstract announce(content: AnnouncementContent): void;
  abstract watchClosely(peers: readonly PeerId[]): void;
  abstract suspect(peer: PeerId, reason: string): void;
  abstract open(peer: PeerId, protocol: string, options?: OpenOptions): Promise<ByteStream>;

  /** Ends everything of its own; the network is stopped after it. */
  protected abstract finish(): Promise<void>;

  /** Where a peer listens, as far as this node knows, the best first. */
  protected abstract addressesOf(peer: PeerId): readonly string[];

  /** Living members and the chains that they came by. */
  protected abstract knownMembers(): readonly Guest[];

  /** Forgets members whose membership is over; answers with who they are. */
  protected abstract forget(
    is: (peer: PeerId, links: readonly Link[]) => boolean,
  ): readonly PeerId[];

  /** Peers beside this node that a new one may dial. */
  protected abstract livingPeers(): readonly PeerId[];

  get mayInvite(): boolean {
    return this.role === "member" && this.parts.identity.binding.credential.grant.mayInvite;
  }

  addresses(): readonly string[] {
    const { port, interfaces } = this.parts;
    return port === null ? [] : announceable(interfaces(), { port, peer: this.self });
  }

  clientsConnected(): number {
    const peers = [...this.parts.network.connectedPeers().values()];
    return peers.filter(({ role }) => role === "client").length;
  }

  subscribe(listener: (event: MeshEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // deno-lint-ignore require-await -- what it throws comes as a rejection, like from any other Mesh
  async invite({ role, name, mayInvite = false, expiresAt }: InviteOptions): Promise<string> {
    const { identity, trust } = this.parts;
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
    const { identity, trust } = this.parts;
    const { expiresAt } = identity.binding.credential.grant;
    const grant = { role: "member", name: null, mayInvite: false, expiresAt } as const;
    return trust.invites.standing(grant, this.#invitingAddresses());
  }

  invites(): readonly InviteStatus[] {
    const { network, trust } = this.parts;
    return trust.invites.list([...this.knownMembers(), ...network.connectedPeers().values()]);
  }

  async revoke(id: string): Promise<void> {
    const { trust } = this.parts;
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
    await trust.revoke({ id, expiresAt: known?.expiresAt ?? null });
  }

  counters(): MeshCounters {
    return this.parts.counters.snapshot();
  }

  handle(protocol: string, options: HandleOptions, handler: StreamHandler): void {
    this.parts.network.handle(protocol, options, handler);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  protected emit(event: MeshEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.parts.logger.error("A listener to the mesh failed: {error}", { error });
      }
    }
  }

  /** Peers of the token and of the last time, to start from. */
  protected storedPeers(): Map<PeerId, string[]> {
    const peers = groupByPeer(this.parts.identity.addresses);
    for (const peer of [this.self, ...this.#expelled]) peers.delete(peer);
    return peers;
  }

  /** Keeps the addresses of these peers, and of those that were kept before and are not among them. */
  protected remember(peers: readonly PeerId[]): void {
    const living = peers.flatMap((peer) => this.addressesOf(peer));
    const known = new Set(peers);
    const strangers = [...this.storedPeers()].flatMap(([peer, addresses]) =>
      known.has(peer) ? [] : addresses
    );
    this.parts.identity.remember(keptAddresses(living, strangers, MAX_STORED_PEERS));
  }

  /** Of a token: this node first, then those it is connected to, then the others that live. */
  #invitingAddresses(): readonly string[] {
    const { network } = this.parts;
    const rank = (peer: PeerId) => network.isConnected(peer) ? 0 : 1;
    const peers = [...this.livingPeers()].sort((a, b) => rank(a) - rank(b));
    return [this.addresses(), ...peers.map((peer) => invitable(this.addressesOf(peer)))].flat();
  }

  #expel(is: (peer: PeerId, links: readonly Link[]) => boolean): void {
    for (const peer of this.forget(is)) this.#expelled.add(peer);
  }

  async #stop(): Promise<void> {
    this.parts.trust.stop();
    this.#expulsion.stop();
    await this.#exchange.stop();
    await this.finish();
    await this.parts.network.stop();
    await this.parts.identity.flushed();
  }
}
