import type { Clock } from "../base/clock.ts";
import { markOf } from "./digest.ts";
import { MAX_MEMBERS } from "../base/defaults.ts";
import {
  compareBytes,
  expulsionOf,
  forgettable,
  keep,
  type MemberChange,
  type MemberEntry,
  type Membership,
  news,
  placeMember,
} from "./membership.ts";
import type { MeshRecord } from "./record.ts";
import type { Announcement } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface RosterOptions {
  readonly self: PeerId;
  readonly clock: Pick<Clock, "elapsed">;
}

/** Every node that this one has heard of, itself included. Signs nothing, sends nothing. */
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
    const changes = [...this.#membership.values()].filter(({ record }) => is(record))
      .map(expulsionOf);
    this.#revision += 1;
    const gone = new Set(changes.map(({ record }) => record.subject));
    for (const peer of gone) this.#drop(peer);
    this.#others = this.#others.filter(({ peer }) => !gone.has(peer));
    this.#members = undefined;
    return changes;
  }

  /** Drops the tombstones that everybody has heard of long ago. */
  forget(): void {
    const now = this.#options.clock.elapsed();
    for (const peer of forgettable(this.#membership, now)) this.#drop(peer);
  }

  #drop(peer: PeerId): void {
    this.#unlist(this.recordOf(peer));
    this.#membership.delete(peer);
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
    for (const { record } of over) this.#drop(record.subject);
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
}
