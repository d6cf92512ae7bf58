/** The messages on a gossip link. */

import { z } from "zod";
import { versionNumber } from "../base/names.ts";
import { byteString } from "../base/cbor.ts";
import { MAX_MEMBERS } from "../base/defaults.ts";
import { type Digest, DIGEST_BUCKETS, type RecordVersion } from "./digest.ts";
import { otherKindThan, places } from "../base/tolerant.ts";
import type { PeerId } from "../base/peer_id.ts";

const number = z.number().int().nonnegative();
const number32 = number.max(2 ** 32 - 1);

/** Only compared with what is known; no PeerId is read out of it. */
const knownPeer = z.string().max(64).transform((text) => text as PeerId);

const bucketList = z.array(number.max(DIGEST_BUCKETS - 1)).max(DIGEST_BUCKETS);

const recordVersion = places(knownPeer, versionNumber, versionNumber, number32)
  .transform(([peer, incarnation, seq, mark]): RecordVersion => ({ peer, incarnation, seq, mark }));

/** `["unknown"]` for a message of a kind that only a later version knows. */
export const gossipMessage = z.union([
  places(z.literal("records"), z.array(byteString)),
  places(z.enum(["ping", "pong"]), number),
  places(z.literal("digest"), z.array(number32).length(DIGEST_BUCKETS)),
  places(z.literal("versions"), bucketList, z.array(recordVersion).max(2 * MAX_MEMBERS)),
  places(z.literal("want"), z.array(knownPeer).max(2 * MAX_MEMBERS)),
  otherKindThan(["records", "ping", "pong", "digest", "versions", "want"])
    .transform(() => ["unknown"] as const),
]);

/** The messages by which members find records that one of them has missed. */
export type EntropyMessage =
  | readonly ["digest", Digest]
  /** The answer to a digest: all that is known in the buckets that differ. */
  | readonly ["versions", readonly number[], readonly RecordVersion[]]
  | readonly ["want", readonly PeerId[]];

export type GossipMessage =
  | EntropyMessage
  | readonly ["records", readonly Uint8Array[]]
  | readonly ["ping" | "pong", number];

/** As it is encoded: versions without the names of their fields. */
export function toWire(message: GossipMessage): unknown {
  if (message[0] !== "versions") return message;
  const [kind, buckets, versions] = message;
  return [
    kind,
    buckets,
    versions.map(({ peer, incarnation, seq, mark }) => [peer, incarnation, seq, mark]),
  ];
}
