import { MAX_MEMBERS, TOMBSTONE_LIFE_MS } from "./defaults.ts";
import type { MeshRecord } from "./record.ts";
import type { Announcement, PeerId } from "./types.ts";

/** The newest record of each node that was ever heard of, the dead included until they are forgotten. */
export type Membership = ReadonlyMap<PeerId, MemberEntry>;

export interface MemberEntry {
  readonly record: MeshRecord;
  /** Epoch milliseconds, by this node's clock; no part of the merge. */
  readonly heardAt: number;
}

/** What a merge changed for one node. */
export interface MemberChange {
  readonly record: MeshRecord;
  readonly change: "joined" | "left" | "died" | "updated";
  /** The node's name, as it last told it. */
  readonly name: string;
}

export interface MergeResult {
  readonly membership: Membership;
  /** One for each node whose record was replaced: what has to be passed on. */
  readonly changes: readonly MemberChange[];
}

export const EMPTY_MEMBERSHIP: Membership = new Map();

/**
 * Keeps the newer record of each node. Whatever the order, and however often a record comes, the
 * same records give the same membership.
 */
export function merge(
  membership: Membership,
  records: readonly MeshRecord[],
  heardAt: number,
): MergeResult {
  const merged = new Map(membership);
  const replaced = new Set<PeerId>();
  for (const record of records) {
    const known = merged.get(record.subject);
    if (known !== undefined && compareRecords(record, known.record) <= 0) continue;
    if (known === undefined && merged.size >= 2 * MAX_MEMBERS) continue;
    merged.set(record.subject, { record, heardAt });
    replaced.add(record.subject);
  }
  const changes = [...replaced].map((peer) =>
    describeChange(membership.get(peer), merged.get(peer))
  );
  return { membership: replaced.size > 0 ? merged : membership, changes: changes.flat() };
}

/** The total order of one node's records: newer first of all, and at the same version the end of a life over the life. */
export function compareRecords(a: MeshRecord, b: MeshRecord): number {
  return a.incarnation - b.incarnation || a.seq - b.seq || finality(a) - finality(b) ||
    compareBytes(a.bytes, b.bytes);
}

/** Living members other than `self`, in the order of their PeerIds. */
export function livingMembers(membership: Membership, self: PeerId): Announcement[] {
  const living: Announcement[] = [];
  for (const [peer, { record }] of membership) {
    if (peer !== self && record.announcement !== null) living.push(record.announcement);
  }
  return living.sort((a, b) => a.peer < b.peer ? -1 : 1);
}

/** Whether a member that we are connected to says that it is connected to the peer. */
export function isVouchedFor(
  peer: PeerId,
  members: readonly Announcement[],
  isConnected: (member: PeerId) => boolean,
): boolean {
  return members.some((member) => member.rttsMs[peer] !== undefined && isConnected(member.peer));
}

/** Without the tombstones that everybody has heard of long ago. */
export function forgetDead(membership: Membership, now: number): Membership {
  const kept = [...membership].filter(([, { record, heardAt }]) =>
    record.status === "alive" || now - heardAt < TOMBSTONE_LIFE_MS
  );
  return kept.length === membership.size ? membership : new Map(kept);
}

/** Without some members, who are gone for those who look on. */
export function expel(
  membership: Membership,
  is: (record: MeshRecord) => boolean,
): MergeResult {
  const gone = [...membership].filter(([, { record }]) => is(record));
  const kept = new Map(membership);
  for (const [peer] of gone) kept.delete(peer);
  const changes = gone.map(([, { record }]) => ({
    record,
    name: record.announcement?.name ?? record.subject,
    change: record.status === "alive" ? "left" as const : "updated" as const,
  }));
  return { membership: kept, changes };
}

function describeChange(
  before: MemberEntry | undefined,
  after: MemberEntry | undefined,
): MemberChange[] {
  if (after === undefined) return [];
  const { record } = after;
  const name = (record.announcement ?? before?.record.announcement)?.name ?? record.subject;
  return [{ record, name, change: changeKind(before?.record.status, record.status) }];
}

function changeKind(
  before: MeshRecord["status"] | undefined,
  after: MeshRecord["status"],
): MemberChange["change"] {
  if (after === "alive") return before === "alive" ? "updated" : "joined";
  if (before !== "alive") return "updated";
  return after === "left" ? "left" : "died";
}

function finality({ status }: MeshRecord): number {
  return ["alive", "dead", "left"].indexOf(status);
}

/** Two records that differ in nothing else: any order will do, as long as all nodes take the same. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.byteLength, b.byteLength); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.byteLength - b.byteLength;
}
