import type { Logger } from "@logtape/logtape";
import { AntiEntropy } from "./anti_entropy.ts";
import type { EntropyMessage } from "./gossip_messages.ts";
import type { Clock } from "../base/clock.ts";
import type { Contacts } from "./contacts.ts";
import { DeathWatch } from "./death_watch.ts";
import { MAX_ANNOUNCED_RTTS } from "../base/message_defaults.ts";
import { RecordReceiver } from "./record_receiver.ts";
import { Heartbeats } from "./heartbeats.ts";
import { isVouchedFor, type MemberChange, type MemberEntry } from "./membership.ts";
import { Newcomers } from "./newcomers.ts";
import { type IncarnationCounter, OwnRecords } from "./own_records.ts";
import type { GossipLinks, GossipListener, PeerLinks } from "./peer_links.ts";
import { Prober } from "./prober.ts";
import type { MeshRecord, RecordContent } from "./record.ts";
import { Roster } from "./roster.ts";
import type { MeshTimings } from "../base/timings.ts";
import type { Announcement, AnnouncementContent, RelayPlace } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";
import { RecordSender } from "./record_sender.ts";

export interface MeshViewOptions {
  readonly self: PeerId;
  readonly contacts: Contacts;
  readonly counter: IncarnationCounter;
  readonly links: PeerLinks;
  readonly gossip: GossipLinks;
  readonly clock: Clock;
  readonly timings: MeshTimings;
  readonly random: () => number;
  readonly logger: Logger;
  sign(content: RecordContent): MeshRecord;
  /** @throws where the bytes are no record of a member. */
  open(bytes: Uint8Array, from: PeerId): MeshRecord;
  /** This node's own addresses. */
  addresses(): readonly string[];
  /** Those that this node is connected to. */
  relays?(): readonly RelayPlace[];
  addressesOf(peer: PeerId): readonly string[];
  /** Called when a node waits to become a member. */
  waits?(): void;
  /** Called after each change of what members say, this node included. */
  changed(changes: readonly MemberChange[]): void;
}

/** The members of the mesh and which of them are alive, kept true by gossip, heartbeats and probes. */
export class MeshView implements GossipListener {
  readonly #options: MeshViewOptions;
  readonly #roster: Roster;
  readonly #heartbeats: Heartbeats;
  readonly #entropy: AntiEntropy;
  readonly #prober: Prober;
  readonly #deaths: DeathWatch;
  readonly #newcomers: Newcomers;
  readonly #sender: RecordSender;
  readonly #receiver: RecordReceiver;
  #finishing = false;

  constructor(options: MeshViewOptions) {
    this.#options = options;
    const { self, contacts, links, gossip, clock, timings, random, logger } = options;
    const roster = new Roster({ self, clock });
    this.#roster = roster;
    this.#heartbeats = new Heartbeats({
      ping: (peer) => gossip.ping(peer),
      probe: (peer) => this.suspect(peer, "it did not answer its heartbeat"),
      rttChanged: () => this.#sender.refreshSoon(),
    }, { clock, timings, contacts });
    const own = new OwnRecords({ ...options, roster, connectivity: () => this.#surroundings() });
    this.#newcomers = new Newcomers({
      roster,
      contacts,
      clock,
      isConnected: (peer) => links.isConnected(peer),
      linked: () => gossip.peers(),
    });
    this.#entropy = new AntiEntropy({ roster, newcomers: this.#newcomers, gossip, clock, random });
    this.#prober = this.#createProber();
    const effects = {
      declaredDead: (notice: MeshRecord) => this.#onDeclaredDead(notice),
      tell: (peer: PeerId, notice: MeshRecord) => gossip.send(peer, [notice]),
    };
    const prober = this.#prober;
    this.#deaths = new DeathWatch({ roster, own, contacts, prober, effects, logger });
    this.#sender = new RecordSender({
      ...options,
      roster,
      own,
      lastOf: (peer) => this.lastOf(peer),
      changed: () => options.changed([]),
    });
    this.#receiver = new RecordReceiver({
      ...options,
      roster,
      newcomers: this.#newcomers,
      deaths: this.#deaths,
      sender: this.#sender,
      waits: () => options.waits?.(),
    });
  }

  get members(): readonly Announcement[] {
    return this.#roster.members;
  }

  /** This node's last announcement. */
  get own(): Announcement | undefined {
    return this.#roster.own;
  }

  /** The newest of each node that was heard of, the dead included. */
  records(): readonly MeshRecord[] {
    return [...this.#roster.membership.values()].map(({ record }) => record);
  }

  /** Nodes that have said goodbye. */
  get left(): ReadonlySet<PeerId> {
    return new Set(this.#gone("left").map(({ record }) => record.subject));
  }

  /** The last announcements of nodes that were declared dead and may only be out of reach. */
  get lost(): readonly Announcement[] {
    return this.#gone("dead").flatMap(({ last }) => last ?? []);
  }

  announcementOf(peer: PeerId): Announcement | undefined {
    return this.#roster.recordOf(peer)?.announcement ?? undefined;
  }

  isAlive(peer: PeerId): boolean {
    return this.#roster.isAlive(peer);
  }

  /** The node is alive, dead or gone, and not a stranger. */
  hasHeardOf(peer: PeerId): boolean {
    return this.#roster.recordOf(peer) !== undefined;
  }

  /** A node's last announcement, though it may be dead, or wait to become a member. */
  lastOf(peer: PeerId): Announcement | undefined {
    return this.#roster.membership.get(peer)?.last ?? this.#newcomers.announcementOf(peer);
  }

  /** Nodes that are no members yet, and would become members if they answered. */
  toMeet(): readonly PeerId[] {
    return this.#newcomers.toDial();
  }

  rttMs(peer: PeerId): number | undefined {
    return this.#heartbeats.rttMs(peer);
  }

  measuredRttMs(peer: PeerId): number | undefined {
    return this.#heartbeats.measuredRttMs(peer);
  }

  announce(content: AnnouncementContent): void {
    this.#sender.announce(content);
  }

  /** Says the same again, with the certificates that this node has now. */
  renew(): void {
    this.#sender.renew();
  }

  watchClosely(peers: readonly PeerId[]): void {
    this.#heartbeats.watchClosely(peers);
  }

  suspect(peer: PeerId, reason: string): void {
    this.#deaths.suspect(peer, reason);
  }

  /** Dialling a member has failed often enough: it is dead, unless somebody else is connected to it. */
  giveUp(peer: PeerId, reason: string): void {
    this.#newcomers.silent(peer);
    const isConnected = (member: PeerId) => this.#options.links.isConnected(member);
    if (!isVouchedFor(peer, this.members, isConnected)) this.#deaths.giveUp(peer, reason);
  }

  /** Forgets members whose membership is over; answers with who they are. Others find out for themselves. */
  expel(is: (record: MeshRecord) => boolean): readonly PeerId[] {
    const changes = this.#roster.expel(is);
    if (changes.length > 0) this.#options.changed(changes);
    return changes.map(({ record }) => record.subject);
  }

  /** A member's connection has been admitted. */
  connected(peer: PeerId, direction: "inbound" | "outbound"): void {
    if (direction === "outbound") this.#newcomers.dialled(peer);
    this.#deaths.met(peer);
    this.#roster.confirm(peer);
    const record = this.#newcomers.take(peer);
    if (record !== undefined) this.#receiver.believe(record, peer);
  }

  /** This node has other things to announce of its connections than before. */
  surroundingsChanged(): void {
    this.#sender.refresh();
  }

  /** A member's connection has closed. */
  disconnected(peer: PeerId): void {
    if (this.#options.links.isConnected(peer)) return;
    this.#heartbeats.end(peer);
    this.#sender.refreshSoon();
    const { contacts } = this.#options;
    const isParted = contacts.find(peer)?.isParted ?? false;
    contacts.update(peer, { isParted: false });
    if (!this.#finishing && !isParted) this.suspect(peer, "its connection closed");
  }

  /** Heals what was missed: once a gossip round. */
  round(): void {
    this.#entropy.round();
    const { sponsor } = this.#newcomers;
    if (sponsor !== undefined) this.#entropy.compare(sponsor);
  }

  /** Drops what is long past. */
  forget(): void {
    this.#roster.forget();
    const unconfirmed = new Set(this.#newcomers.tidy());
    if (unconfirmed.size > 0) this.expel(({ subject }) => unconfirmed.has(subject));
  }

  /** Ends the gossip with a peer that it need not have. */
  part(peer: PeerId): void {
    this.parted(peer);
    this.#options.gossip.part(peer);
  }

  parted(peer: PeerId): void {
    this.#options.contacts.of(peer).isParted = true;
    this.#heartbeats.end(peer);
  }

  /** Says goodbye and waits until it was heard. */
  async finish(): Promise<void> {
    this.#finishing = true;
    this.#receiver.finish();
    this.#heartbeats.endAll();
    this.#sender.finish();
    await Promise.all([this.#options.gossip.finish(), this.#deaths.stop()]);
  }

  /** A gossip link to the peer has opened. */
  opened(peer: PeerId): void {
    const { self, contacts, gossip } = this.#options;
    contacts.update(peer, { isParted: false });
    this.#newcomers.met(peer);
    const own = this.#roster.recordOf(self);
    if (own !== undefined) gossip.send(peer, [own]);
    if (self < peer) this.#entropy.compare(peer);
    this.#heartbeats.begin(peer);
  }

  answered(peer: PeerId, rttMs: number): void {
    this.#heartbeats.answered(peer, rttMs);
    this.#prober.answered(peer);
  }

  received(records: readonly Uint8Array[], from: PeerId): Promise<void> {
    return this.#receiver.received(records, from);
  }

  told(message: EntropyMessage, from: PeerId): void {
    if (message[0] === "versions") {
      this.#receiver.mentioned(message[2].map(({ peer }) => peer), from);
    }
    this.#entropy.received(message, from);
  }

  #onDeclaredDead(notice: MeshRecord): void {
    this.#options.links.disconnect(notice.subject, new Error("This peer was found dead"));
    const changes = this.#roster.accept([notice]);
    for (const { record } of changes) this.#sender.tellAll(record);
    if (changes.length > 0) this.#options.changed(changes);
  }

  #gone(status: "dead" | "left"): MemberEntry[] {
    return this.#roster.over.filter(({ record }) => record.status === status);
  }

  #surroundings(): Pick<Announcement, "addresses" | "relays" | "rttsMs"> {
    const relays = this.#options.relays?.() ?? [];
    return {
      addresses: this.#options.addresses(),
      ...(relays.length === 0 ? {} : { relays }),
      rttsMs: this.#heartbeats.nearest(MAX_ANNOUNCED_RTTS),
    };
  }

  #createProber(): Prober {
    const { links, gossip, clock, timings, addressesOf } = this.#options;
    return new Prober({
      ping: (peer) => gossip.ping(peer),
      handshake: (peer, signal) => links.handshake({ peer, addresses: addressesOf(peer), signal }),
      rejoin: (peer, signal) => links.connect({ peer, addresses: addressesOf(peer), signal }),
    }, { clock, timings });
  }
}
