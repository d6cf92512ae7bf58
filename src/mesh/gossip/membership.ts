import { MAX_MEMBERS, TOMBSTONE_LIFE_MS } from "../base/defaults.ts";
import { equalValues } from "../base/equal_values.ts";
import type { MeshRecord } from "./record.ts";
import type { Announcement } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";

/** The newest record of each node that was ever heard of, the dead included until they are forgotten. */
export type Membership = ReadonlyMap<PeerId, MemberEntry>;

export interface MemberEntry {
  readonly record: MeshRecord;
  /** Milliseconds of a clock that never jumps; no part of the merge. */
  readonly heardAt: number;
  /** The node's last announcement, for the dead: their addresses and names. */
  readonly last: Announcement | null;
  /** Only one peer says that it reaches this node: the record is not passed on. */
  readonly isHearsay?: boolean;
}

/** The change that a merge makes for one node. */
export interface MemberChange {
  readonly record: MeshRecord;
  /** `measured` where a living node says nothing new but round trips. */
  readonly change: "joined" | "left" | "died" | "updated" | "measured";
  /** The node's name, as it last told it. */
  readonly name: string;
}

/**
 * Which records are newer than what is known, one for each node: what has to be kept and passed on.
 * Whatever the order, and however often a record comes, the same records end in the same membership.
 */
export function news(
  membership: Membership,
  records: readonly MeshRecord[],
): ReadonlyMap<PeerId, MeshRecord> {
  const newer = new Map<PeerId, MeshRecord>();
  for (const record of records) {
    const { subject } = record;
    const known = newer.get(subject) ?? membership.get(subject)?.record;
    if (known !== undefined && compareRecords(record, known) <= 0) continue;
    if (known === undefined && membership.size + newer.size >= 2 * MAX_MEMBERS) continue;
    newer.set(subject, record);
  }
  return newer;
}

/** Puts a newer record into a membership that the caller owns. */
export function keep(
  membership: Map<PeerId, MemberEntry>,
  record: MeshRecord,
  heardAt: number,
): MemberChange {
  const before = membership.get(record.subject);
  const last = record.announcement ?? before?.last ?? null;
  const isHearsay = before?.isHearsay ?? false;
  membership.set(record.subject, { record, heardAt, last, isHearsay });
  return { record, name: last?.machine.name ?? record.subject, change: changeKind(before, record) };
}

/** The total order of one node's records: newer first of all, and at the same version the end of a life over the life. */
export function compareRecords(a: MeshRecord, b: MeshRecord): number {
  return a.incarnation - b.incarnation || a.seq - b.seq || finality(a) - finality(b) ||
    compareBytes(a.bytes, b.bytes);
}

/** Puts what a record says of a member into the living ones, which are in the order of their PeerIds. */
export function placeMember(members: Announcement[], { subject, announcement }: MeshRecord): void {
  let [index, high] = [0, members.length];
  while (index < high) {
    const middle = (index + high) >> 1;
    if ((members[middle] as Announcement).peer < subject) index = middle + 1;
    else high = middle;
  }
  const isKnown = members[index]?.peer === subject;
  if (announcement === null) members.splice(index, isKnown ? 1 : 0);
  else members.splice(index, isKnown ? 1 : 0, announcement);
}

/**
 * Whether connections lead from this node to the peer, by what the members on the way say of their
 * own: the last of them would notice its death.
 */
export function isVouchedFor(
  peer: PeerId,
  members: readonly Announcement[],
  isConnected: (member: PeerId) => boolean,
): boolean {
  const unasked = new Map(members.map((member) => [member.peer, member]));
  const next = members.filter((member) => isConnected(member.peer));
  for (let member = next.pop(); member !== undefined; member = next.pop()) {
    if (member.rttsMs[peer] !== undefined) return true;
    unasked.delete(member.peer);
    for (const other of Object.keys(member.rttsMs) as PeerId[]) {
      const known = unasked.get(other);
      if (known === undefined) continue;
      unasked.delete(other);
      next.push(known);
    }
  }
  return false;
}

/** Tombstones that everybody has heard of long ago. */
export function forgettable(membership: Membership, now: number): PeerId[] {
  return [...membership].filter(([, { record, heardAt }]) =>
    record.status !== "alive" && now - heardAt >= TOMBSTONE_LIFE_MS
  ).map(([peer]) => peer);
}

/** The change of a node whose membership is over: as if it had said goodbye. */
export function expulsionOf({ record, last }: MemberEntry): MemberChange {
  const change = record.status === "alive" ? "left" : "updated";
  return { record, name: last?.machine.name ?? record.subject, change };
}

function changeKind(
  before: MemberEntry | undefined,
  { status, announcement }: MeshRecord,
): MemberChange["change"] {
  const was = before?.record;
  if (status !== "alive") {
    if (was?.status !== "alive") return "updated";
    return status === "left" ? "left" : "died";
  }
  if (was?.status !== "alive") return "joined";
  return saysTheSame(was.announcement, announcement) ? "measured" : "updated";
}

/** Whether two announcements of one node differ in round trips and their numbers alone. */
export function saysTheSame(a: Announcement | null, b: Announcement | null): boolean {
  if (a === null || b === null) return false;
  // One of them may say what the other leaves out.
  const keys = Object.keys({ ...a, ...b }) as (keyof Announcement)[];
  return keys.every((key) => key === "rttsMs" || key === "seq" || equalValues(a[key], b[key]));
}

function finality({ status }: MeshRecord): number {
  return status === "alive" ? 0 : status === "dead" ? 1 : 2;
}

/** Of two records that differ in nothing else: any order will do, as long as all nodes take the same. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.byteLength, b.byteLength); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.byteLength - b.byteLength;
}
