import { BaseMesh, type MeshParts } from "./base_mesh.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { Link } from "./capability.ts";
import { ROUTES_RATE } from "./defaults.ts";
import { Gossip } from "./gossip.ts";
import type { Guest } from "./invite_book.ts";
import type { JoinedPeer } from "./join.ts";
import { Member } from "./member.ts";
import type { MemberChange } from "./membership.ts";
import type { PeerConnection } from "./network.ts";
import { signerLinks, signRecord } from "./record.ts";
import { RecordIntake } from "./record_intake.ts";
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
  readonly #member: Member;
  readonly #gossip: Gossip;
  #table: RoutingTable | undefined;

  constructor(parts: MeshParts) {
    super(parts);
    const { identity, network, clock, counters, random, logger } = parts;
    const { key, binding: { credential } } = identity;
    const gossip = new Gossip(network, { clock, counters, logger });
    this.#gossip = gossip;
    const intake = new RecordIntake({ ...parts, meshKey: credential.meshKey });
    this.#member = new Member({
      self: this.self,
      counter: identity,
      clock,
      random,
      logger,
      gossip,
      links: network,
      sign: (content) => signRecord(content, { key, credential }),
      open: (bytes, from) => intake.open(bytes, from),
      addresses: () => this.addresses(),
      stored: () => this.storedPeers(),
      changed: (changes) => this.#onChanged(changes),
    });
    gossip.start(this.#member.view);
    const routesOptions = {
      roles: ["client", "member"],
      maxStreams: 4,
      rate: ROUTES_RATE,
    } as const;
    network.handle(ROUTES_PROTOCOL, routesOptions, (s) => answerRoutes(s, () => this.routes()));
    network.listen({
      admitted: (connection, peer) => this.#onAdmitted(connection, peer),
      closed: (_connection, { role, id }) => role === "member" && this.#member.disconnected(id),
      superseded: (connection) => gossip.retire(connection),
    });
    this.#member.start();
  }

  members(): readonly Announcement[] {
    return this.#member.view.members;
  }

  rttMs(peer: PeerId): number | undefined {
    return this.#member.view.rttMs(peer);
  }

  routes(): RoutingTable {
    const { own, members } = this.#member.view;
    this.#table ??= buildRoutingTable(own === undefined ? members : [...members, own]);
    return this.#table;
  }

  refreshRoutes(): Promise<RoutingTable> {
    return Promise.resolve(this.routes());
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

  async open(peer: PeerId, protocol: string, { signal }: OpenOptions = {}): Promise<ByteStream> {
    const { network } = this.parts;
    try {
      return await network.open(protocol, { peer, addresses: this.addressesOf(peer), signal });
    } catch (error) {
      if (!signal?.aborted) this.suspect(peer, `a stream of ${protocol} did not open`);
      throw error;
    }
  }

  protected finish(): Promise<void> {
    return this.#member.finish();
  }

  protected addressesOf(peer: PeerId): readonly string[] {
    return this.#member.addressesOf(peer);
  }

  protected knownMembers(): readonly Guest[] {
    return [...this.#member.view.records()]
      .filter(({ status, subject }) => status === "alive" && subject !== this.self)
      .map((record) => ({ id: record.subject, links: signerLinks(record) }));
  }

  protected forget(is: (peer: PeerId, links: readonly Link[]) => boolean): readonly PeerId[] {
    return this.#member.view.expel((record) =>
      record.subject !== this.self && record.signer === record.subject &&
      is(record.subject, signerLinks(record))
    );
  }

  protected livingPeers(): readonly PeerId[] {
    return this.members().map(({ peer }) => peer);
  }

  #onAdmitted(connection: PeerConnection, { role }: JoinedPeer): void {
    if (role !== "member") return;
    this.#member.connected(connection);
    if (connection.direction === "outbound") this.#gossip.open(connection);
  }

  /** Follows the view: what changed, who is to be remembered, and what subscribers hear. */
  #onChanged(changes: readonly MemberChange[]): void {
    if (changes.length > 0 && changes.every(({ change }) => change === "measured")) {
      this.emit({ type: "measured" });
      return;
    }
    this.#table = undefined;
    if (changes.length === 0) return;
    let moved = false;
    for (const { record: { subject: peer }, name, change } of changes) {
      if (change !== "updated" && change !== "measured") {
        this.emit({ type: "peer", peer, name, change });
        moved = true;
      }
    }
    if (moved) this.remember(this.livingPeers());
    this.emit({ type: "members" });
  }
}
