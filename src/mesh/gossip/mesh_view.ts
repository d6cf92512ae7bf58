import type { Logger } from "@logtape/logtape";
import { AntiEntropy } from "./anti_entropy.ts";
import type { EntropyMessage } from "./gossip_messages.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { Contacts } from "./contacts.ts";
import { DeathWatch } from "./death_watch.ts";
import {
  MAX_ANNOUNCED_RTTS,
  MAX_CLOCK_AHEAD_MS,
  SURROUNDINGS_MS,
  VERIFY_SLICE_MS,
} from "../base/defaults.ts";
import { Heartbeats } from "./heartbeats.ts";
import { isVouchedFor, type MemberChange, type MemberEntry } from "./membership.ts";
import { Newcomers } from "./newcomers.ts";
import { surroundingsEveryMs } from "./overlay.ts";
import type { GossipLinks, GossipListener, PeerLinks } from "./peer_links.ts";
import { Prober } from "./prober.ts";
import type { MeshRecord, RecordContent } from "./record.ts";
import { Relay, relayTargets } from "./relay.ts";
import { type IncarnationCounter, Roster } from "./roster.ts";
import type { MeshTimings } from "../base/timings.ts";
import type { Announcement, AnnouncementContent, PeerId } from "../base/types.ts";

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
  readonly #gossip: GossipLinks;
  readonly #heartbeats: Heartbeats;
  readonly #entropy: AntiEntropy;
  readonly #prober: Prober;
  readonly #deaths: DeathWatch;
  readonly #relay: Relay;
  readonly #newcomers: Newcomers;
  #cancelRefresh: Cancel | undefined;
  #refreshedAt = -Infinity;
  #finishing = false;

  constructor(options: MeshViewOptions) {
    this.#options = options;
    const { self, contacts, counter, links, gossip, clock, timings, random, logger, sign } =
      options;
    this.#gossip = gossip;
    this.#heartbeats = new Heartbeats({
      ping: (peer) => this.#gossip.ping(peer),
      probe: (peer) => this.suspect(peer, "it did not answer its heartbeat"),
      rttChanged: () => this.#refreshSoon(),
    }, { clock, timings, contacts });
    const surroundings = () => ({
      addresses: options.addresses(),
      rttsMs: this.#heartbeats.nearest(MAX_ANNOUNCED_RTTS),
    });
    this.#roster = new Roster({ self, sign, counter, clock, logger, surroundings });
    this.#newcomers = new Newcomers({
      roster: this.#roster,
      contacts,
      clock,
      isConnected: (peer) => links.isConnected(peer),
      linked: () => gossip.peers(),
    });
    const parts = { roster: this.#roster, newcomers: this.#newcomers, gossip, clock, random };
    this.#entropy = new AntiEntropy(parts);
    this.#prober = new Prober({
      ping: (peer) => this.#gossip.ping(peer),
      handshake: (peer, signal) =>
        links.handshake({ peer, addresses: options.addressesOf(peer), signal }),
      rejoin: (peer, signal) =>
        links.connect({ peer, addresses: options.addressesOf(peer), signal }),
    }, { clock, timings });
    const effects = {
      declaredDead: (notice: MeshRecord) => this.#onDeclaredDead(notice),
      tell: (peer: PeerId, notice: MeshRecord) => this.#gossip.send(peer, [notice]),
    };
    this.#deaths = new DeathWatch({
      roster: this.#roster,
      contacts,
      prober: this.#prober,
      effects,
      logger,
    });
    this.#relay = new Relay((record, heardFrom) => this.#passOn(record, heardFrom), clock);
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
    this.#publish(this.#roster.announce(content));
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
    if (record !== undefined) this.#apply(this.#roster.accept([record]), peer);
  }

  /** A member's connection has closed. */
  disconnected(peer: PeerId): void {
    if (this.#options.links.isConnected(peer)) return;
    this.#heartbeats.end(peer);
    this.#refreshSoon();
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
    const unmet = new Set(this.#newcomers.tidy());
    if (unmet.size > 0) this.expel(({ subject }) => unmet.has(subject));
  }

  /** Ends the gossip with a peer that it need not have. */
  part(peer: PeerId): void {
    this.parted(peer);
    this.#gossip.part(peer);
  }

  parted(peer: PeerId): void {
    this.#options.contacts.of(peer).isParted = true;
    this.#heartbeats.end(peer);
  }

  /** Says goodbye and waits until it was heard. */
  async finish(): Promise<void> {
    this.#finishing = true;
    this.#cancelRefresh?.();
    this.#relay.stop();
    this.#heartbeats.endAll();
    const goodbye = this.#roster.goodbye();
    if (goodbye !== undefined) this.#tellAll(goodbye);
    await Promise.all([this.#gossip.finish(), this.#deaths.stop()]);
  }

  /** A gossip link to the peer has opened. */
  opened(peer: PeerId): void {
    this.#options.contacts.update(peer, { isParted: false });
    this.#newcomers.met(peer);
    const own = this.#roster.recordOf(this.#options.self);
    if (own !== undefined) this.#gossip.send(peer, [own]);
    if (this.#options.self < peer) this.#entropy.compare(peer);
    this.#heartbeats.begin(peer);
  }

  answered(peer: PeerId, rttMs: number): void {
    this.#heartbeats.answered(peer, rttMs);
    this.#prober.answered(peer);
  }

  /** Resolves when all of it is taken in: signatures take time, and this node has more to do. */
  async received(received: readonly Uint8Array[], from: PeerId): Promise<void> {
    const { clock } = this.#options;
    let [changes, sinceMs]: [MemberChange[], number] = [[], clock.elapsed()];
    for (const bytes of received) {
      changes.push(...this.#take(bytes, from));
      if (clock.elapsed() - sinceMs < VERIFY_SLICE_MS) continue;
      this.#apply(changes, from);
      changes = [];
      await new Promise<void>((resolve) => clock.after(0, resolve));
      if (this.#finishing) return;
      sinceMs = clock.elapsed();
    }
    this.#apply(changes, from);
  }

  told(message: EntropyMessage, from: PeerId): void {
    if (message[0] === "versions") this.#heardOf(message[2].map(({ peer }) => peer), from);
    this.#entropy.received(message, from);
  }

  /** One record of a message. */
  #take(bytes: Uint8Array, from: PeerId): readonly MemberChange[] {
    const known = this.#roster.find(bytes);
    if (known !== undefined) {
      this.#relay.heardAgain(known, from);
      this.#heardOf([known.subject], from);
      return [];
    }
    const record = this.#newcomers.find(bytes, from) ?? this.#verify(bytes, from);
    if (record === undefined || this.#isUntimely(record) || this.#concernsUs(record)) return [];
    const verdict = this.#newcomers.judge(record, from);
    if (verdict === "waits") this.#options.waits?.();
    if (verdict === "waits" || verdict === "refused") return [];
    return this.#roster.accept([record], verdict === "hearsay");
  }

  /** A peer knows these nodes as well: of some that is what was still to be heard. */
  #heardOf(peers: readonly PeerId[], from: PeerId): void {
    for (const record of this.#newcomers.mentioned(peers, from)) {
      this.#roster.confirm(record.subject);
      this.#apply(this.#roster.accept([record]), from);
    }
  }

  /** The end of a life that cannot have begun yet: nobody could ever tell the end of the one above it. */
  #isUntimely({ status, subject, incarnation }: MeshRecord): boolean {
    if (status !== "dead") return false;
    const known = this.#roster.recordOf(subject)?.incarnation ?? 0;
    return incarnation > Math.max(known, this.#options.clock.now() + MAX_CLOCK_AHEAD_MS);
  }

  /** A record about this node, or against a peer that it is connected to: this node knows better. */
  #concernsUs(record: MeshRecord): boolean {
    const { self, links } = this.#options;
    if (record.subject === self) {
      this.#publish(this.#roster.refute(record));
      return true;
    }
    if (record.status !== "dead" || !links.isConnected(record.subject)) return false;
    this.#deaths.contest(record);
    return true;
  }

  #verify(bytes: Uint8Array, from: PeerId): MeshRecord | undefined {
    try {
      return this.#options.open(bytes, from);
    } catch (error) {
      this.#options.logger.debug("Dropped a record from {from}: {error}", { from, error });
      return undefined;
    }
  }

  #onDeclaredDead(notice: MeshRecord): void {
    this.#options.links.disconnect(notice.subject, new Error("This peer was found dead"));
    const changes = this.#roster.accept([notice]);
    for (const { record } of changes) this.#tellAll(record);
    if (changes.length > 0) this.#options.changed(changes);
  }

  #apply(changes: readonly MemberChange[], from: PeerId): void {
    if (changes.length === 0) return;
    for (const { record } of changes) {
      if (!this.#roster.isHearsay(record.subject)) this.#relay.heard(record, from);
    }
    this.#options.changed(changes);
  }

  /** Unless there is newer of its node by now. */
  #passOn(record: MeshRecord, heardFrom: readonly PeerId[]): void {
    if (this.#roster.recordOf(record.subject) !== record) return;
    const { random } = this.#options;
    const [linked, members] = [this.#gossip.peers(), this.members.length];
    const told = this.lastOf(record.signer)?.rttsMs ?? {};
    const targets = relayTargets(record, { linked, heardFrom, told, members, random });
    for (const peer of targets) this.#gossip.send(peer, [record]);
  }

  #publish(record: MeshRecord | undefined): void {
    if (record === undefined) return;
    this.#tellAll(record);
    this.#options.changed([]);
  }

  #tellAll(record: MeshRecord): void {
    for (const peer of this.#gossip.peers()) this.#gossip.send(peer, [record]);
  }

  #gone(status: "dead" | "left"): MemberEntry[] {
    return this.#roster.over.filter(({ record }) => record.status === status);
  }

  /** At once would be too often: many change in the same moments, and everybody hears of each. */
  #refreshSoon(): void {
    if (this.#finishing) return;
    const { clock } = this.#options;
    const mayAt = this.#refreshedAt + surroundingsEveryMs(this.members.length);
    const waitMs = Math.max(SURROUNDINGS_MS, mayAt - clock.elapsed());
    this.#cancelRefresh ??= clock.after(waitMs, () => {
      this.#cancelRefresh = undefined;
      const record = this.#roster.refresh();
      if (record !== undefined) this.#refreshedAt = clock.elapsed();
      this.#publish(record);
    });
  }
}
