/** Decides which members keep a connection with each other. Pure, and computed by each member alone. */

import { base58btc } from "multiformats/bases/base58";
import { FULL_MESH_MEMBERS, GOSSIP_SUCCESSORS, SURROUNDINGS_MS } from "../base/defaults.ts";
import { peerIdOf } from "../base/keys.ts";
import type { PeerId } from "../base/peer_id.ts";

const PREFIX_LENGTH = peerIdOf(new Uint8Array(32)).indexOf("W") + 1;
/** 58 to the power of 5: enough to tell thousands of members apart. */
const DIGITS = 5;
const VALUES = digitValues();
const LEAST = valueOf(peerIdOf(new Uint8Array(32)));
const MOST = valueOf(peerIdOf(new Uint8Array(32).fill(255)));

/**
 * The members that one of them connects to by itself; others connect to it. A small mesh is full. In
 * a large one the members stand in a ring, in the order of their keys, and each has the next few and
 * those at a half, a quarter, an eighth of the way around: about log2 of their number, and as many
 * steps lead from anyone to everyone. `sorted` are all other members, in the order of their PeerIds.
 */
export function neighbours(self: PeerId, sorted: readonly PeerId[]): ReadonlySet<PeerId> {
  if (sorted.length < FULL_MESH_MEMBERS) return new Set(sorted);
  const chosen = new Set<PeerId>();
  const start = firstAfter(sorted, pointOf(self));
  const at = (index: number) => sorted[index % sorted.length] as PeerId;
  for (let i = 0; i < GOSSIP_SUCCESSORS; i++) chosen.add(at(start + i));
  for (let distance = 1 / 2; distance > 1 / (2 * sorted.length); distance /= 2) {
    chosen.add(at(firstAfter(sorted, (pointOf(self) + distance) % 1)));
  }
  chosen.delete(self);
  return chosen;
}

/** Whether a member connects to `self` by itself; `everybody` are all members, `self` among them, sorted. */
export function isNeighbourOf(self: PeerId, peer: PeerId, everybody: readonly PeerId[]): boolean {
  return neighbours(peer, everybody.filter((other) => other !== peer)).has(self);
}

/**
 * To how many neighbours news are passed on: enough that nearly all hear them, and anti-entropy finds the
 * rest. Beyond a full mesh one less does, for the same news come from several sides.
 */
export function relayFanout(members: number): number {
  const half = Math.log2(members + 2) / 2;
  return members < FULL_MESH_MEMBERS ? Math.ceil(half) : Math.floor(half);
}

/**
 * How often a member may tell what has changed around it: so rarely in a large mesh that all of them
 * together are heard as often as those of the largest full one.
 */
export function surroundingsEveryMs(members: number): number {
  return SURROUNDINGS_MS * Math.max(1, members / FULL_MESH_MEMBERS);
}

function firstAfter(sorted: readonly PeerId[], point: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pointOf(sorted[middle] as PeerId) > point) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The position of a PeerId between the lowest and the highest key, 0 to 1: in the same order as the texts. */
function pointOf(peer: PeerId): number {
  return (valueOf(peer) - LEAST) / (MOST - LEAST + 1);
}

function valueOf(peer: PeerId): number {
  let value = 0;
  for (let i = PREFIX_LENGTH; i < PREFIX_LENGTH + DIGITS; i++) {
    value = value * 58 + (VALUES[peer.charCodeAt(i)] ?? 0);
  }
  return value;
}

/** By character code: a table, since the codec itself takes 50 times as long for a mesh of 2,000. */
function digitValues(): Uint8Array {
  const values = new Uint8Array(128);
  for (let value = 0; value < 58; value++) {
    values[base58btc.baseEncode(Uint8Array.of(value)).charCodeAt(0)] = value;
  }
  return values;
}
