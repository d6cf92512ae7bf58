import type { Clock } from "../base/clock.ts";
import {
  CATCH_UP_MS,
  FULL_MESH_MEMBERS,
  HEARSAY_A_LINK,
  MAX_LIVING,
  MAX_MEMBERS,
  MET_AT_A_TIME,
  TELLER_AGE_MS,
  UNKNOWN_WANTED,
} from "../base/defaults.ts";
import { NEWCOMER_RATE } from "../base/rate_defaults.ts";
import type { Contacts } from "./contacts.ts";
import { RateLimiter } from "../base/rate_limit.ts";
import type { MeshRecord } from "./record.ts";
import type { Roster } from "./roster.ts";
import type { Announcement } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";
import { WaitingRoom } from "./waiting_room.ts";

export interface NewcomersParts {
  readonly roster: Pick<
    Roster,
    "membership" | "members" | "size" | "recordOf" | "livingBy" | "isHearsay"
  >;
  readonly contacts: Contacts;
  readonly clock: Pick<Clock, "elapsed">;
  /** Whether an admitted connection to the peer is open. */
  isConnected(peer: PeerId): boolean;
  /** Peers with a gossip link. */
  linked(): readonly PeerId[];
}

/** `hearsay`: a member whose record this node does not pass on. `waits`: no member yet. */
export type Verdict = "member" | "hearsay" | "waits" | "refused";

/**
 * Decides which nodes become members. The holder of one invite can make any number of identities, and sign records for
 * them: so a record proves that its subject was invited, and no more. A node that this one is connected to is a member,
 * and so are those that it knows already. Of reports about others it believes
 *
 * - all that come from the peer by which it joined, while it catches up or hears from nobody else;
 * - those of two peers, or of one in a mesh too large for everybody to be connected to everybody. Once this node has
 *   caught up those peers have to have been here for a while, and a limited number a second is accepted for each invite
 *   in the chain;
 * - those of a peer that announces a connection to the node, a few for each invite. Their records are not passed on.
 *
 * The rest waits, is dialled in a small mesh, and is forgotten after a minute.
 */
export class Newcomers {
  readonly #parts: NewcomersParts;
  readonly #waiting = new WaitingRoom();
  /** The peers that report members by hearsay. */
  readonly #tellers = new Map<PeerId, Set<PeerId>>();
  readonly #rate = new RateLimiter(NEWCOMER_RATE);
  /** The first peer that this node has dialled: what it knew before came with its token, or from its last life. */
  #sponsor: PeerId | undefined;
  #caughtUpAt = Infinity;

  constructor(parts: NewcomersParts) {
    this.#parts = parts;
  }

  /** A peer has been admitted that this node has dialled itself. */
  dialled(peer: PeerId): void {
    if (this.#sponsor === undefined || !this.#parts.isConnected(this.#sponsor)) {
      this.#sponsor = peer;
    }
  }

  /** A gossip link to the peer has opened. */
  met(peer: PeerId): void {
    const now = this.#parts.clock.elapsed();
    if (this.#caughtUpAt === Infinity) this.#caughtUpAt = now + CATCH_UP_MS;
    this.#parts.contacts.of(peer).metSinceMs ??= now;
  }

  /** The peer that this node believes while it catches up: worth comparing with in every round. */
  get sponsor(): PeerId | undefined {
    return this.#isCatchingUp ? this.#sponsor : undefined;
  }

  judge(record: MeshRecord, from: PeerId): Verdict {
    const { subject, status } = record;
    if (subject === from || this.#parts.isConnected(subject)) return "member";
    const entry = this.#parts.roster.membership.get(subject);
    const returns = status === "alive" && entry?.record.status !== "alive";
    if (returns && !this.#hasRoom(record)) return "refused";
    if (entry !== undefined && entry.last !== null) return "member";
    if (this.#isTrusting(from)) return "member";
    if (status !== "alive") return this.#isInRate(record) ? "member" : "refused";
    return this.#judgeStranger(record, from);
  }

  /** The record of these bytes, where it waits: checked before. */
  find(bytes: Uint8Array, from: PeerId): MeshRecord | undefined {
    return this.#waiting.find(bytes, from);
  }

  /**
   * A peer knows these nodes too; answers with those that are members by it: those that waited, and those that were
   * hearsay.
   */
  mentioned(peers: readonly PeerId[], from: PeerId): readonly MeshRecord[] {
    return peers.flatMap((peer) => {
      const waiting = this.#waiting.recordOf(peer);
      if (waiting !== undefined) return this.judge(waiting, from) === "member" ? [waiting] : [];
      return this.#isConfirmed(peer, from) ? this.#parts.roster.recordOf(peer) ?? [] : [];
    });
  }

  /** The waiting record of a peer that is connected now. */
  take(peer: PeerId): MeshRecord | undefined {
    const record = this.#waiting.recordOf(peer);
    this.#waiting.leave(peer);
    this.#tellers.delete(peer);
    return record;
  }

  /** Of the nodes that a peer knows and this one does not, or not so new, those that are worth asking for. */
  wanted(peers: readonly PeerId[], from: PeerId): PeerId[] {
    const isStarting = this.#isCatchingUp && this.#isCrowd();
    if (isStarting || this.#isTrusting(from)) return [...peers];
    let unknown = 0;
    return peers.filter((peer) => {
      if (this.#parts.roster.membership.has(peer)) return true;
      return !this.#waiting.tellersOf(peer).has(from) && unknown++ < UNKNOWN_WANTED;
    });
  }

  /** In a small mesh those that wait show by their answer that they are there. */
  toDial(): PeerId[] {
    return this.#isCrowd() ? [] : this.#waiting.toDial().slice(0, MET_AT_A_TIME);
  }

  /** The peer was dialled often enough. */
  silent(peer: PeerId): void {
    this.#waiting.silent(peer);
  }

  announcementOf(peer: PeerId): Announcement | undefined {
    return this.#waiting.recordOf(peer)?.announcement ?? undefined;
  }

  /**
   * Forgets nodes that have waited too long. Answers with those that this node accepted while it caught up and that no
   * peer confirms: in a small mesh it would have met them since.
   */
  tidy(): readonly PeerId[] {
    const { clock, roster } = this.#parts;
    this.#waiting.tidy(clock.elapsed());
    for (const [peer, tellers] of this.#tellers) {
      if (!roster.isHearsay(peer)) this.#tellers.delete(peer);
      for (const teller of tellers) if (!this.#isHere(teller)) tellers.delete(teller);
    }
    if (this.#isCatchingUp || this.#isCrowd()) return [];
    const listed = new Set(this.#connected().flatMap(({ rttsMs }) => Object.keys(rttsMs)));
    return roster.members.map(({ peer }) => peer)
      .filter((peer) =>
        this.#metSinceMs(peer) === undefined && !listed.has(peer) &&
        !this.#parts.isConnected(peer)
      );
  }

  #judgeStranger(record: MeshRecord, from: PeerId): Verdict {
    const { subject } = record;
    const tellers = new Set(this.#waiting.tellersOf(subject)).add(from);
    if (this.#isTold(tellers) && (this.#isCatchingUp || this.#isInRate(record))) {
      this.#waiting.leave(subject);
      return "member";
    }
    if (this.#isListedBy(from, subject) && this.#hasHearsayRoom(record)) {
      this.#waiting.leave(subject);
      this.#tellers.set(subject, tellers);
      return "hearsay";
    }
    const waits = this.#waiting.enter(record, tellers, this.#parts.clock.elapsed());
    return waits ? "waits" : "refused";
  }

  #isConfirmed(peer: PeerId, from: PeerId): boolean {
    const { roster } = this.#parts;
    const record = roster.recordOf(peer);
    if (record === undefined || !roster.isHearsay(peer)) return false;
    const tellers = this.#tellers.get(peer) ?? new Set();
    this.#tellers.set(peer, tellers.add(from));
    return this.#isTold(tellers) && (this.#isCatchingUp || this.#isInRate(record));
  }

  /** A peer that has just joined may have been misled itself. */
  #isTold(tellers: ReadonlySet<PeerId>): boolean {
    if (this.#isCatchingUp) return tellers.size >= 2 || (tellers.size === 1 && this.#isCrowd());
    const now = this.#parts.clock.elapsed();
    const old = [...tellers].filter((peer) =>
      now - (this.#metSinceMs(peer) ?? now) >= TELLER_AGE_MS
    );
    return old.length >= 2 || (old.length === 1 && this.#isCrowd());
  }

  #metSinceMs(peer: PeerId): number | undefined {
    return this.#parts.contacts.find(peer)?.metSinceMs;
  }

  #isHere(peer: PeerId): boolean {
    return this.#parts.roster.membership.has(peer) || this.#parts.isConnected(peer);
  }

  #isTrusting(from: PeerId): boolean {
    return from === this.#sponsor && (this.#isCatchingUp || this.#parts.linked().length === 1);
  }

  /** The mesh may be starting as a whole. */
  get #isCatchingUp(): boolean {
    return this.#parts.clock.elapsed() < this.#caughtUpAt;
  }

  /** Too many for everybody to be connected to everybody. */
  #isCrowd(): boolean {
    const { roster } = this.#parts;
    return roster.size - this.#tellers.size >= FULL_MESH_MEMBERS;
  }

  #connected(): Announcement[] {
    return this.#parts.linked().flatMap((peer) =>
      this.#parts.roster.recordOf(peer)?.announcement ?? []
    );
  }

  #isListedBy(teller: PeerId, peer: PeerId): boolean {
    return this.#parts.roster.recordOf(teller)?.announcement?.rttsMs[peer] !== undefined;
  }

  #hasRoom(record: MeshRecord): boolean {
    const { roster } = this.#parts;
    return roster.size < MAX_LIVING &&
      quotaLinks(record).every((link) => roster.livingBy(link) < MAX_MEMBERS);
  }

  #hasHearsayRoom(record: MeshRecord): boolean {
    const { roster } = this.#parts;
    const others = [...this.#tellers.keys()].flatMap((peer) =>
      roster.isHearsay(peer) ? roster.recordOf(peer) ?? [] : []
    );
    return quotaLinks(record).every((link) =>
      others.filter((other) => quotaLinks(other).includes(link)).length < HEARSAY_A_LINK
    );
  }

  #isInRate(record: MeshRecord): boolean {
    const now = this.#parts.clock.elapsed();
    return quotaLinks(record).every((link) => this.#rate.allows(link, now));
  }
}

/**
 * The certificates in a node's chain that others may have joined under as well: not its own, and not the founder's,
 * under which everybody joined. A node that may invite can make as many invites as it likes, but all of them below its
 * own.
 */
export function quotaLinks({ links = [] }: Pick<MeshRecord, "links">): readonly string[] {
  return links.slice(1, -1);
}
