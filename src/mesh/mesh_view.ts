import type { Logger } from "@logtape/logtape";
import type { Cancel, Clock } from "./clock.ts";
import { DeathWatch } from "./death_watch.ts";
import { GOSSIP_ROUND_MS, MAX_ANNOUNCED_RTTS } from "./defaults.ts";
import { Heartbeats } from "./heartbeats.ts";
import { isVouchedFor, type MemberChange } from "./membership.ts";
import type { GossipLinks, GossipListener, PeerLinks } from "./peer_links.ts";
import { Prober } from "./prober.ts";
import type { MeshRecord, RecordContent } from "./record.ts";
import { type IncarnationCounter, Roster } from "./roster.ts";
import type { Announcement, AnnouncementContent, PeerId } from "./types.ts";

export interface MeshViewOptions {
  readonly self: PeerId;
  readonly counter: IncarnationCounter;
  readonly links: PeerLinks;
  readonly gossip: GossipLinks;
  readonly clock: Clock;
  readonly logger: Logger;
  sign(content: RecordContent): MeshRecord;
  /** @throws where the bytes are no record of a member. */
  open(bytes: Uint8Array, from: PeerId): MeshRecord;
  /** This node's own addresses. */
  addresses(): readonly string[];
  addressesOf(peer: PeerId): readonly string[];
  /** Called after each change of what members say, this node included. */
  changed(changes: readonly MemberChange[]): void;
}

/** Who is in the mesh and who is alive, kept true by gossip, heartbeats and probes. */
export class MeshView implements GossipListener {
  readonly #options: MeshViewOptions;
  readonly #roster: Roster;
  readonly #gossip: GossipLinks;
  readonly #heartbeats: Heartbeats;
  readonly #prober: Prober;
  readonly #deaths: DeathWatch;
  #cancelRefresh: Cancel | undefined;
  #finishing = false;

  constructor(options: MeshViewOptions) {
    this.#options = options;
    const { self, counter, links, gossip, clock, logger, sign } = options;
    this.#gossip = gossip;
    this.#heartbeats = new Heartbeats({
      ping: (peer) => this.#gossip.ping(peer),
      probe: (peer) => this.suspect(peer, "it did not answer its heartbeat"),
      rttChanged: () => this.#refreshSoon(),
    }, clock);
    const surroundings = () => ({
      addresses: options.addresses(),
      rttsMs: this.#heartbeats.nearest(MAX_ANNOUNCED_RTTS),
    });
    this.#roster = new Roster({ self, sign, counter, clock, surroundings });
    this.#prober = new Prober({
      ping: (peer) => this.#gossip.ping(peer),
      handshake: (peer, signal) =>
        links.handshake({ peer, addresses: options.addressesOf(peer), signal }),
      rejoin: (peer, signal) =>
        links.connect({ peer, addresses: options.addressesOf(peer), signal }),
    }, clock);
    const effects = {
      buried: (notice: MeshRecord) => this.#onBuried(notice),
      tell: (peer: PeerId, notice: MeshRecord) => this.#gossip.send(peer, [notice]),
    };
    this.#deaths = new DeathWatch({ roster: this.#roster, prober: this.#prober, effects, logger });
  }

  get members(): readonly Announcement[] {
    return this.#roster.members;
  }

  /** What this node last said of itself. */
  get own(): Announcement | undefined {
    return this.#roster.own;
  }

  /** The newest of each node that was heard of, the dead included. */
  records(): Iterable<MeshRecord> {
    return this.#roster.records();
  }

  /** Nodes that have said goodbye. */
  get left(): ReadonlySet<PeerId> {
    const gone = [...this.#roster.records()].filter(({ status }) => status === "left");
    return new Set(gone.map(({ subject }) => subject));
  }

  announcementOf(peer: PeerId): Announcement | undefined {
    return this.#roster.recordOf(peer)?.announcement ?? undefined;
  }

  rttMs(peer: PeerId): number | undefined {
    return this.#heartbeats.rttMs(peer);
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
  connected(peer: PeerId): void {
    this.#deaths.met(peer);
  }

  /** A member's connection has closed. */
  disconnected(peer: PeerId): void {
    if (this.#options.links.isConnected(peer)) return;
    this.#heartbeats.end(peer);
    this.#refreshSoon();
    if (!this.#finishing) this.suspect(peer, "its connection closed");
  }

  /** Says goodbye and waits until it was heard. */
  async finish(): Promise<void> {
    this.#finishing = true;
    this.#cancelRefresh?.();
    this.#heartbeats.endAll();
    const goodbye = this.#roster.goodbye();
    if (goodbye !== undefined) this.#gossip.broadcast(goodbye);
    await Promise.all([this.#gossip.finish(), this.#deaths.stop()]);
  }

  /** A gossip link to the peer has opened. */
  opened(peer: PeerId): void {
    this.#gossip.send(peer, this.#roster.records());
    this.#heartbeats.begin(peer);
  }

  answered(peer: PeerId, rttMs: number): void {
    this.#heartbeats.answered(peer, rttMs);
    this.#prober.answered(peer);
  }

  received(received: readonly Uint8Array[], from: PeerId): void {
    const news: MeshRecord[] = [];
    for (const bytes of received) {
      const record = this.#verify(bytes, from);
      if (record !== undefined && !this.#concernsUs(record)) news.push(record);
    }
    this.#apply(this.#roster.accept(news), [from]);
  }

  /** What is said of this node, or against a peer that it is connected to, it knows better. */
  #concernsUs(record: MeshRecord): boolean {
    const { self, links } = this.#options;
    if (record.subject === self) {
      this.#publish(this.#roster.outdo(record));
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

  #onBuried(notice: MeshRecord): void {
    this.#options.links.disconnect(notice.subject, new Error("This peer was found dead"));
    this.#apply(this.#roster.accept([notice]), []);
  }

  /** Passes on what was new to us; who sent it, and whom it is about, have it. */
  #apply(changes: readonly MemberChange[], except: readonly PeerId[]): void {
    if (changes.length === 0) return;
    for (const { record } of changes) {
      this.#gossip.broadcast(record, [...except, record.subject]);
    }
    this.#options.changed(changes);
  }

  #publish(record: MeshRecord | undefined): void {
    if (record === undefined) return;
    this.#gossip.broadcast(record);
    this.#options.changed([]);
  }

  #refreshSoon(): void {
    if (this.#finishing) return;
    this.#cancelRefresh ??= this.#options.clock.after(GOSSIP_ROUND_MS, () => {
      this.#cancelRefresh = undefined;
      this.#publish(this.#roster.refresh());
    });
  }
}
