/** Anti-entropy: two members find out by a few numbers what one of them has missed. Pure. */

import { TOMBSTONE_TOLD_MS } from "../base/defaults.ts";
import type { MemberEntry, Membership } from "./membership.ts";
import type { MeshRecord } from "./record.ts";
import type { PeerId } from "../base/peer_id.ts";

/** The first thing that two members compare: one number for each of these many parts of the membership. */
export const DIGEST_BUCKETS = 16;

export type Digest = readonly number[];

/** Which record of a node somebody has: enough to tell whose is newer. */
export interface RecordVersion {
  readonly peer: PeerId;
  readonly incarnation: number;
  readonly seq: number;
  readonly mark: number;
}

/**
 * Equal memberships have equal digests, whatever the order in which they were heard. Old tombstones
 * do not count: who has forgotten one must not be taught it again.
 */
export function digestOf(membership: Membership, now: number): Digest {
  const buckets = Array<number>(DIGEST_BUCKETS).fill(0);
  for (const [peer, entry] of membership) {
    if (!isTold(entry, now)) continue;
    const mark = markOf(entry.record.bytes);
    const bucket = bucketOf(peer);
    buckets[bucket] = ((buckets[bucket] ?? 0) ^ mark) >>> 0;
  }
  return buckets;
}

export function differingBuckets(a: Digest, b: Digest): number[] {
  return a.flatMap((value, bucket) => value === b[bucket] ? [] : [bucket]);
}

/** The versions that are known in some buckets. */
export function versionsIn(
  membership: Membership,
  buckets: readonly number[],
  now: number,
): RecordVersion[] {
  const versions: RecordVersion[] = [];
  for (const [peer, entry] of membership) {
    if (!buckets.includes(bucketOf(peer)) || !isTold(entry, now)) continue;
    const { incarnation, seq } = entry.record;
    versions.push({ peer, incarnation, seq, mark: markOf(entry.record.bytes) });
  }
  return versions;
}

export interface Exchange {
  /** Records that the other lacks. */
  readonly give: readonly MeshRecord[];
  /** Peers of which the other has a newer record, or may have one. */
  readonly want: readonly PeerId[];
}

/** Compares what another knows in some buckets with what is known here. */
export function exchangeFor(
  membership: Membership,
  { buckets, versions, now }: {
    readonly buckets: readonly number[];
    readonly versions: readonly RecordVersion[];
    readonly now: number;
  },
): Exchange {
  const theirs = new Map(versions.map((version) => [version.peer, version]));
  const give: MeshRecord[] = [];
  const want: PeerId[] = [];
  for (const [peer, entry] of membership) {
    if (!buckets.includes(bucketOf(peer)) || !isTold(entry, now)) continue;
    const version = theirs.get(peer);
    if (version === undefined || isNewer(entry.record, version)) give.push(entry.record);
  }
  for (const version of versions) {
    const known = membership.get(version.peer)?.record;
    if (known === undefined || isNewer(version, known)) want.push(version.peer);
    else if (!isNewer(known, version) && markOf(known.bytes) !== version.mark) {
      want.push(version.peer);
    }
  }
  return { give, want };
}

/** Records that were asked for. */
export function recordsOf(membership: Membership, peers: readonly PeerId[]): MeshRecord[] {
  return peers.flatMap((peer) => membership.get(peer)?.record ?? []);
}

type Version = Pick<MeshRecord, "incarnation" | "seq">;

function isNewer(a: Version, b: Version): boolean {
  return (a.incarnation - b.incarnation || a.seq - b.seq) > 0;
}

function isTold({ record, heardAt, isHearsay = false }: MemberEntry, now: number): boolean {
  if (isHearsay) return false;
  return record.status === "alive" || now - heardAt < TOMBSTONE_TOLD_MS;
}

function bucketOf(peer: PeerId): number {
  return peer.charCodeAt(peer.length - 1) % DIGEST_BUCKETS;
}

const marks = new WeakMap<Uint8Array, number>();

/** 32 bits of a record's bytes, its signature among them (FNV-1a). */
export function markOf(bytes: Uint8Array): number {
  const known = marks.get(bytes);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193) >>> 0;
  marks.set(bytes, hash);
  return hash;
}
