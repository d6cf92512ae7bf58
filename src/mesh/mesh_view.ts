import type { Logger } from "@logtape/logtape";
import type { Clock } from "./clock.ts";
import { DeathWatch } from "./death_watch.ts";
import { GOSSIP_ROUND_MS, MAX_ANNOUNCED_RTTS } from "./defaults.ts";
import { Gossip } from "./gossip.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { JoinedPeer } from "./join.ts";
import { isVouchedFor, type MemberChange } from "./membership.ts";
import type { PeerConnection } from "./network.ts";
import type { PeerNetwork } from "./peer_network.ts";
import { Prober } from "./prober.ts";
import { type MeshRecord, openRecord, type RecordSigner } from "./record.ts";
import { type IncarnationCounter, Roster } from "./roster.ts";
import type { Announcement, AnnouncementContent, PeerId } from "./types.ts";

export interface MeshViewOptions {
  readonly self: PeerId;
  readonly signer: RecordSigner;
  readonly counter: IncarnationCounter;
  readonly network: PeerNetwork;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This node's own addresses. */
  addresses(): readonly string[];
  addressesOf(peer: PeerId): readonly string[];
  /** Called after each change of what members say, this node included. */
  changed(changes: readonly MemberChange[]): void;
}

/** Who is in the mesh and who is alive, kept true by gossip, heartbeats and probes. */
export class MeshView {
  readonly #options: MeshViewOptions;
  readonly #roster: Roster;
  readonly #gossip: Gossip;
  readonly #heartbeats: Heartbeats;
  readonly #prober: Prober;
  readonly #deaths: DeathWatch;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;
  #finishing = false;

  constructor(options: MeshViewOptions) {
    this.#options = options;
    const { self, signer, counter, network, clock, logger } = options;
    this.#heartbeats = new Heartbeats({
      ping: (peer) => this.#gossip.ping(peer),
      probe: (peer) => this.suspect(peer, "it did not answer its heartbeat"),
      rttChanged: () => this.#refreshSoon(),
    }, clock);
    const surroundings = () => ({
      addresses: options.addresses(),
      rttsMs: this.#heartbeats.nearest(MAX_ANNOUNCED_RTTS),
    });
    this.#roster = new Roster({ self, signer, counter, clock, surroundings });
    const listener = {
      opened: (peer: PeerId) => this.#onLink(peer),
      received: (records: readonly Uint8Array[], from: PeerId) => this.#onRecords(records, from),
      answered: (peer: PeerId, rttMs: number) => this.#onAnswer(peer, rttMs),
    };
    this.#gossip = new Gossip(network, { listener, clock, logger });
    this.#prober = new Prober({
      ping: (peer) => this.#gossip.ping(peer),
      handshake: (peer, signal) =>
        network.handshake({ peer, addresses: options.addressesOf(peer), signal }),
      rejoin: (peer, signal) =>
        network.connect({ peer, addresses: options.addressesOf(peer), signal }),
    });
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
    const isConnected = (member: PeerId) => this.#options.network.isConnected(member);
    if (!isVouchedFor(peer, this.members, isConnected)) this.#deaths.giveUp(peer, reason);
  }

  /** A member's connection has been admitted. */
  connected(connection: PeerConnection): void {
    this.#deaths.met(connection.peer);
    if (connection.direction === "outbound") this.#gossip.open(connection);
  }

  /** A member's connection has closed. */
  disconnected({ id }: JoinedPeer): void {
    if (this.#options.network.isConnected(id)) return;
    this.#heartbeats.end(id);
    this.#refreshSoon();
    if (!this.#finishing) this.suspect(id, "its connection closed");
  }

  /** Says goodbye and waits until it was heard. */
  async finish(): Promise<void> {
    this.#finishing = true;
    clearTimeout(this.#refreshTimer);
    this.#heartbeats.endAll();
    const goodbye = this.#roster.goodbye();
    if (goodbye !== undefined) this.#gossip.broadcast(goodbye);
    await Promise.all([this.#gossip.finish(), this.#deaths.stop()]);
  }

  #onLink(peer: PeerId): void {
    this.#gossip.send(peer, this.#roster.records());
    this.#heartbeats.begin(peer);
  }

  #onAnswer(peer: PeerId, rttMs: number): void {
    this.#heartbeats.answered(peer, rttMs);
    this.#prober.answered(peer);
  }

  #onRecords(received: readonly Uint8Array[], from: PeerId): void {
    const news: MeshRecord[] = [];
    for (const bytes of received) {
      const record = this.#verify(bytes, from);
      if (record !== undefined && !this.#concernsUs(record)) news.push(record);
    }
    this.#apply(this.#roster.accept(news), [from]);
  }

  /** What is said of this node, or against a peer that it is connected to, it knows better. */
  #concernsUs(record: MeshRecord): boolean {
    const { self, network } = this.#options;
    if (record.subject === self) {
      this.#publish(this.#roster.outdo(record));
      return true;
    }
    if (record.status !== "dead" || !network.isConnected(record.subject)) return false;
    this.#deaths.contest(record);
    return true;
  }

  #verify(bytes: Uint8Array, from: PeerId): MeshRecord | undefined {
    const { signer: { credential: { meshKey } }, clock, logger } = this.#options;
    try {
      return openRecord(bytes, { meshKey, now: clock.now() });
    } catch (error) {
      logger.debug("Dropped a record from {from}: {error}", { from, error });
      return undefined;
    }
  }

  #onBuried(notice: MeshRecord): void {
    const { network } = this.#options;
    network.disconnect(notice.subject, new Error("This peer was found dead"));
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
    this.#refreshTimer ??= setTimeout(() => {
      this.#refreshTimer = undefined;
      this.#publish(this.#roster.refresh());
    }, GOSSIP_ROUND_MS);
  }
}
