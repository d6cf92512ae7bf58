import type { Logger } from "@logtape/logtape";
import { announcementSchema, announcementToWire } from "./announcement_wire.ts";
import type { Clock } from "../base/clock.ts";
import { markOf } from "./digest.ts";
import { equalValues } from "../base/equal_values.ts";
import { MAX_ANNOUNCEMENT_BYTES, MAX_MEMBERS } from "../base/defaults.ts";
import { fitAnnouncement } from "./fit_announcement.ts";
import {
  compareBytes,
  compareRecords,
  expel,
  forgettable,
  keep,
  type MemberChange,
  type MemberEntry,
  type Membership,
  news,
  placeMember,
} from "./membership.ts";
import { MAX_NOTICED_VERSION } from "../base/names.ts";
import type { MeshRecord, RecordContent } from "./record.ts";
import type { Announcement, AnnouncementContent, PeerId } from "../base/types.ts";

/** Goes up where another life of this node was seen, and is kept in the data directory. */
export interface IncarnationCounter {
  readonly incarnation: number;
  rise(above: number): void;
}

export interface RosterOptions {
  readonly self: PeerId;
  readonly counter: IncarnationCounter;
  readonly clock: Pick<Clock, "elapsed">;
  readonly logger: Logger;
  sign(content: RecordContent): MeshRecord;
  /** This node's knowledge of itself beside the announcement that it was given. */
  surroundings(): Pick<Announcement, "addresses" | "rttsMs">;
}

/** Everybody this node has heard of, and what it says of itself. Signs; sends nothing. */
export class Roster {
  readonly #options: RosterOptions;
  readonly #membership = new Map<PeerId, MemberEntry>();
  /** The same records by their marks. */
  readonly #marked = new Map<number, MeshRecord>();
  /** Those of them whose life is over. */
  readonly #over = new Set<PeerId>();
  /** The number of living members under each certificate. */
  readonly #living = new Map<string, number>();
  /** Changed in place: one record after the other comes in, and others hold what they were given. */
  #others: Announcement[] = [];
  #members: readonly Announcement[] | undefined;
  #content: AnnouncementContent | undefined;
  /** The last announcement without its version. */
  #told: Announcement | undefined;
  #seq = 0;
  #revision = 0;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** Living members without this node, in the order of their PeerIds. */
  get members(): readonly Announcement[] {
    this.#members ??= [...this.#others];
    return this.#members;
  }

  /** How many living members there are without this node. */
  get size(): number {
    return this.#others.length;
  }

  /** Members that have stopped or were declared dead, and are not forgotten yet. */
  get over(): MemberEntry[] {
    return [...this.#over].flatMap((peer) => this.#membership.get(peer) ?? []);
  }

  /** This node's last announcement. */
  get own(): Announcement | undefined {
    return this.recordOf(this.#options.self)?.announcement ?? undefined;
  }

  /** Rises with each change of the membership. */
  get revision(): number {
    return this.#revision;
  }

  get membership(): Membership {
    return this.#membership;
  }

  recordOf(peer: PeerId): MeshRecord | undefined {
    return this.#membership.get(peer)?.record;
  }

  isAlive(peer: PeerId): boolean {
    return this.recordOf(peer)?.status === "alive";
  }

  /** Living members, this node among them, that joined under a certificate. */
  livingBy(link: string): number {
    return this.#living.get(link) ?? 0;
  }

  isHearsay(peer: PeerId): boolean {
    return this.#membership.get(peer)?.isHearsay ?? false;
  }

  /** The record of these bytes where it is the newest of its node: checked before, and nothing new. */
  find(bytes: Uint8Array): MeshRecord | undefined {
    const record = this.#marked.get(markOf(bytes));
    return record !== undefined && compareBytes(record.bytes, bytes) === 0 ? record : undefined;
  }

  /** Merges records of others; answers with the new ones, to be passed on unless they are hearsay. */
  accept(records: readonly MeshRecord[], isHearsay = false): readonly MemberChange[] {
    this.#makeRoom(records.length);
    const newer = news(this.#membership, records);
    if (newer.size === 0) return [];
    this.#revision += 1;
    const now = this.#options.clock.elapsed();
    this.#members = undefined;
    return [...newer.values()].map((record) => {
      if (record.subject !== this.#options.self) placeMember(this.#others, record);
      this.#unlist(this.recordOf(record.subject));
      this.#marked.set(markOf(record.bytes), record);
      if (record.status !== "alive") this.#over.add(record.subject);
      else this.#count(record, 1);
      const change = keep(this.#membership, record, now);
      if (isHearsay) this.#mark(record.subject, true);
      return change;
    });
  }

  /** A record that was hearsay is passed on from now on. */
  confirm(peer: PeerId): void {
    if (!this.isHearsay(peer)) return;
    this.#mark(peer, false);
    this.#revision += 1;
  }

  /** Forgets what is known of some nodes, as if they had said goodbye. */
  expel(is: (record: MeshRecord) => boolean): readonly MemberChange[] {
    const changes = expel(this.#membership, is);
    this.#revision += 1;
    for (const { record } of changes) this.#unlist(record);
    const gone = new Set(changes.map(({ record }) => record.subject));
    this.#others = this.#others.filter(({ peer }) => !gone.has(peer));
    this.#members = undefined;
    return changes;
  }

  /** Drops the tombstones that everybody has heard of long ago. */
  forget(): void {
    const now = this.#options.clock.elapsed();
    for (const peer of forgettable(this.#membership, now)) {
      this.#unlist(this.recordOf(peer));
      this.#membership.delete(peer);
    }
  }

  /** Says something new of this node; `undefined` where it is what was said before. */
  announce(content: AnnouncementContent): MeshRecord | undefined {
    if (this.#content !== undefined && equalValues(content, this.#content)) return undefined;
    this.#content = content;
    return this.refresh();
  }

  /** Says anew what has changed around this node; `undefined` where nothing has. */
  refresh(): MeshRecord | undefined {
    if (this.#content === undefined) return undefined;
    const draft = this.#describe(this.#content);
    if (this.#told !== undefined && equalValues(draft, this.#told)) return undefined;
    this.#told = draft;
    return this.#publish(draft);
  }

  /** Another record of this node is about; answers with one that goes above it, where it is the higher. */
  refute(record: MeshRecord): MeshRecord | undefined {
    const { counter, self } = this.#options;
    const own = this.recordOf(self);
    if (record.incarnation < counter.incarnation) return undefined;
    if (own !== undefined && compareRecords(record, own) <= 0) return undefined;
    if (record.incarnation > counter.incarnation) counter.rise(record.incarnation);
    this.#seq = Math.max(this.#seq, record.seq);
    if (this.#seq > MAX_NOTICED_VERSION / 2) this.#beginAnew();
    return this.#content === undefined ? undefined : this.#publish(this.#describe(this.#content));
  }

  /** Somebody has used up the numbers of this life. */
  #beginAnew(): void {
    const { counter } = this.#options;
    counter.rise(counter.incarnation);
    this.#seq = 0;
  }

  /** A notice that the peer's present life is over; `undefined` where it has none. */
  deathNotice(peer: PeerId): MeshRecord | undefined {
    const version = this.recordOf(peer);
    if (version === undefined || version.status !== "alive") return undefined;
    return this.#options.sign({ status: "dead", subject: peer, version });
  }

  /** The last thing this node says; `undefined` where it never said anything. */
  goodbye(): MeshRecord | undefined {
    const { self, sign } = this.#options;
    const version = this.recordOf(self);
    if (version === undefined) return undefined;
    return sign({ status: "left", subject: self, version });
  }

  /** Another record of its node takes its place, or none. */
  #unlist(record: MeshRecord | undefined): void {
    if (record === undefined) return;
    this.#marked.delete(markOf(record.bytes));
    this.#over.delete(record.subject);
    if (record.status === "alive") this.#count(record, -1);
  }

  /** The living come before tombstones: of these those go first that nobody here knew alive, then the oldest. */
  #makeRoom(count: number): void {
    const excess = this.#membership.size + count - 2 * MAX_MEMBERS;
    if (excess <= 0) return;
    const rank = ({ last, heardAt }: MemberEntry) => last === null ? -Infinity : heardAt;
    const over = this.over.sort((a, b) => rank(a) - rank(b)).slice(0, excess);
    for (const { record } of over) {
      this.#unlist(record);
      this.#membership.delete(record.subject);
    }
  }

  #count({ links = [] }: MeshRecord, change: 1 | -1): void {
    for (const link of links) {
      const count = this.livingBy(link) + change;
      if (count > 0) this.#living.set(link, count);
      else this.#living.delete(link);
    }
  }

  #mark(peer: PeerId, isHearsay: boolean): void {
    const entry = this.#membership.get(peer);
    if (entry !== undefined) this.#membership.set(peer, { ...entry, isHearsay });
  }

  #describe(content: AnnouncementContent): Announcement {
    const { self: peer, surroundings } = this.#options;
    return fitAnnouncement({ ...content, ...surroundings(), peer, incarnation: 0, seq: 0 });
  }

  /** An announcement that no other node would accept is not sent, and the last one stays: it must not end this node. */
  #publish(draft: Announcement): MeshRecord | undefined {
    const { counter: { incarnation }, sign } = this.#options;
    const announcement = { ...draft, incarnation, seq: this.#seq + 1 };
    const issue = announcementSchema.safeParse(announcementToWire(announcement)).error?.issues[0];
    if (issue !== undefined) return this.#refuse(`${issue.path.join(".")}: ${issue.message}`);
    const record = sign({ status: "alive", announcement });
    const { byteLength } = record.bytes;
    if (byteLength > MAX_ANNOUNCEMENT_BYTES) {
      return this.#refuse(`${byteLength} bytes are too many`);
    }
    this.#seq += 1;
    this.accept([record]);
    return record;
  }

  #refuse(problem: string): undefined {
    this.#options.logger.error(
      "Cannot announce what this node does, so the mesh goes on with what it said last: {problem}",
      { event: "unannounced", problem },
    );
  }
}
