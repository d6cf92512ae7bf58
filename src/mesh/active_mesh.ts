import { dialOrder } from "./addresses.ts";
import { BaseMesh, type MeshParts } from "./base_mesh.ts";
import type { ByteStream } from "./byte_stream.ts";
import { Deadline } from "./deadline.ts";
import { CONNECT_TIMEOUT_MS, DIALS_BEFORE_DEAD } from "./defaults.ts";
import { dialTargets } from "./dial_targets.ts";
import { Dialer, type DialTarget } from "./dialer.ts";
import type { JoinedPeer } from "./join.ts";
import type { MemberChange } from "./membership.ts";
import { MeshView } from "./mesh_view.ts";
import type { PeerConnection } from "./network.ts";
import { answerRoutes, ROUTES_PROTOCOL } from "./routes.ts";
import { buildRoutingTable } from "./routing_table.ts";
import type {
  Announcement,
  AnnouncementContent,
  OpenOptions,
  PeerId,
  RoutingTable,
} from "./types.ts";

/** A member: says what it does, hears what others do, and notices who is gone. */
export class ActiveMesh extends BaseMesh {
  readonly #view: MeshView;
  readonly #dialer: Dialer;
  readonly #lastGood = new Map<PeerId, string>();
  #table: RoutingTable | undefined;

  constructor(parts: MeshParts) {
    super(parts);
    const { identity, network, clock, random, logger } = parts;
    this.#view = new MeshView({
      self: this.self,
      signer: { key: identity.key, credential: identity.binding.credential },
      counter: identity,
      network,
      clock,
      logger,
      addresses: () => this.addresses(),
      addressesOf: (peer) => this.addressesOf(peer),
      changed: (changes) => this.#onChanged(changes),
    });
    this.#dialer = new Dialer({
      targets: () => this.#dialTargets(),
      dial: (target, signal) => this.#dial(target, signal),
      failed: (target, failures, error) => this.#onDialFailed(target, failures, error as Error),
    }, { clock, random });
    const routesOptions = { roles: ["client", "member"] as const, maxStreams: 4 };
    network.handle(ROUTES_PROTOCOL, routesOptions, (s) => answerRoutes(s, () => this.routes()));
    network.listen({
      admitted: (connection, peer) => this.#onAdmitted(connection, peer),
      closed: (_connection, peer) => this.#onClosed(peer),
    });
    this.#dialer.wake();
  }

  members(): readonly Announcement[] {
    return this.#view.members;
  }

  rttMs(peer: PeerId): number | undefined {
    return this.#view.rttMs(peer);
  }

  routes(): RoutingTable {
    const { own, members } = this.#view;
    this.#table ??= buildRoutingTable(own === undefined ? members : [...members, own]);
    return this.#table;
  }

  refreshRoutes(): Promise<RoutingTable> {
    return Promise.resolve(this.routes());
  }

  announce(content: AnnouncementContent): void {
    this.#view.announce(content);
  }

  watchClosely(peers: readonly PeerId[]): void {
    this.#view.watchClosely(peers);
  }

  suspect(peer: PeerId, reason: string): void {
    this.#view.suspect(peer, reason);
  }

  async open(peer: PeerId, protocol: string, { signal }: OpenOptions = {}): Promise<ByteStream> {
    const { network } = this.parts;
    try {
      return await network.open(protocol, { peer, addresses: this.addressesOf(peer), signal });
    } catch (error) {
      if (!signal?.aborted) this.suspect(peer, `a stream of ${protocol} did not open`);
      throw error;
    }
  }

  protected async finish(): Promise<void> {
    await Promise.all([this.#view.finish(), this.#dialer.stop()]);
  }

  protected addressesOf(peer: PeerId): readonly string[] {
    const known = this.#view.announcementOf(peer)?.addresses ?? this.storedPeers().get(peer) ?? [];
    const lastGood = this.#lastGood.get(peer);
    return dialOrder(lastGood === undefined ? known : [lastGood, ...known], lastGood);
  }

  protected livingPeers(): readonly PeerId[] {
    return this.members().map(({ peer }) => peer);
  }

  #onAdmitted(connection: PeerConnection, { id, role }: JoinedPeer): void {
    if (role !== "member") return;
    if (connection.direction === "outbound") this.#lastGood.set(id, connection.remoteAddress);
    this.#view.connected(connection);
  }

  #onClosed(peer: JoinedPeer): void {
    if (peer.role !== "member") return;
    this.#view.disconnected(peer);
    if (this.#connectedMembers().size === 0) {
      this.storedPeers().forEach((_, p) => this.#dialer.forget(p));
    }
    this.#dialer.wake();
  }

  /** Follows the view: what changed, who is to be dialled and remembered, and what subscribers hear. */
  #onChanged(changes: readonly MemberChange[]): void {
    this.#table = undefined;
    if (changes.length === 0) return;
    for (const { record: { subject: peer }, name, change } of changes) {
      if (change === "updated") continue;
      this.#dialer.forget(peer);
      this.emit({ type: "peer", peer, name, change });
    }
    if (changes.some(({ change }) => change !== "updated")) this.remember(this.livingPeers());
    this.emit({ type: "members" });
    this.#dialer.wake();
  }

  #dialTargets(): readonly DialTarget[] {
    return dialTargets({
      self: this.self,
      members: this.members(),
      connected: this.#connectedMembers(),
      left: this.#view.left,
      stored: this.storedPeers(),
      lastGood: this.#lastGood,
    });
  }

  #connectedMembers(): Set<PeerId> {
    const peers = [...this.parts.network.connectedPeers().values()];
    return new Set(peers.filter(({ role }) => role === "member").map(({ id }) => id));
  }

  async #dial({ peer, addresses }: DialTarget, signal: AbortSignal): Promise<void> {
    using deadline = new Deadline(CONNECT_TIMEOUT_MS, `Joining ${peer}`, signal);
    await this.parts.network.connect({ peer, addresses, signal: deadline.signal });
  }

  #onDialFailed({ peer, addresses }: DialTarget, failures: number, error: Error): void {
    const { logger } = this.parts;
    const isMember = this.#view.announcementOf(peer) !== undefined;
    if (isMember && failures >= DIALS_BEFORE_DEAD) this.#view.giveUp(peer, error.message);
    const alone = this.#connectedMembers().size === 0;
    const level = alone && !isMember && failures === 1 ? "warn" : "debug";
    logger[level]("{reason}; it is tried again", {
      event: "unreachable",
      reason: error.message,
      peer,
      tried: addresses,
    });
  }
}
