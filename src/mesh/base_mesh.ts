import type { Logger } from "@logtape/logtape";
import { announceable, groupByPeer, type InterfaceAddress } from "./addresses.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { Clock } from "./clock.ts";
import type { Identity } from "./identity.ts";
import { asDisplayName } from "./names.ts";
import type { PeerNetwork } from "./peer_network.ts";
import { mintToken } from "./token.ts";
import type {
  Announcement,
  AnnouncementContent,
  HandleOptions,
  InviteOptions,
  MemberRole,
  Mesh,
  MeshEvent,
  OpenOptions,
  PeerId,
  RoutingTable,
  StreamHandler,
} from "./types.ts";

/** What both kinds of node are made of. */
export interface MeshParts {
  readonly identity: Identity;
  readonly network: PeerNetwork;
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
  readonly #listeners = new Set<(event: MeshEvent) => void>();
  #stopped: Promise<void> | undefined;

  constructor(parts: MeshParts) {
    this.parts = parts;
    this.self = parts.identity.peer;
    this.meshId = parts.identity.meshId;
    this.role = parts.role;
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
  async invite({ role, name, mayInvite = false }: InviteOptions): Promise<string> {
    const { identity, clock } = this.parts;
    const grant = {
      role,
      name: name === undefined ? null : asDisplayName(name),
      mayInvite,
      expiresAt: identity.binding.credential.grant.expiresAt,
    };
    const addresses = [this.addresses(), ...this.livingPeers().map((p) => this.addressesOf(p))]
      .flat();
    const { key: signer, binding: { credential } } = identity;
    return mintToken({ credential, signer, grant, addresses, now: clock.now() });
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
    peers.delete(this.self);
    return peers;
  }

  /** Keeps the addresses of these peers, and of those that were kept before while there is room. */
  protected remember(peers: readonly PeerId[]): void {
    const { identity } = this.parts;
    const living = peers.flatMap((peer) => this.addressesOf(peer));
    identity.remember([...new Set([...living, ...identity.addresses])]);
  }

  async #stop(): Promise<void> {
    await this.finish();
    await this.parts.network.stop();
    await this.parts.identity.flushed();
  }
}
