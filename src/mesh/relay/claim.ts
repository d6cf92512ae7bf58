/** A relay's claim: whoever has it may take the relay into a mesh, once. Pure. */

import { z } from "zod";
import { formatAddress, parseAddress } from "../base/addresses.ts";
import { byteStringOf, decodeCbor, encodeCbor } from "../base/cbor.ts";
import { InvalidTokenError } from "../base/errors.ts";
import { peerIdOf, publicKeyOf, sha256 } from "../base/keys.ts";
import type { PeerId } from "../base/peer_id.ts";
import { type CopiedKind, encodeCopied, openCopied } from "../trust/copied_text.ts";

export interface Claim {
  /** The relay's: TLS proves that nobody else gets the secret. */
  readonly peer: PeerId;
  readonly addresses: readonly string[];
  /** Worth one mesh. */
  readonly secret: Uint8Array;
}

export const CLAIM_SECRET_BYTES = 16;

/** More than a server has. */
const MAX_CLAIM_ADDRESSES = 8;

/** Real ones have 90 to 300 characters. */
const CLAIM: CopiedKind = { prefix: "relay1_", name: "claim of a relay", maxChars: 2_048 };
const VERSION = 1;

const claimSchema = z.tuple([
  z.literal(VERSION),
  byteStringOf(32),
  z.array(z.tuple([z.string().max(45), z.number().int().min(1).max(65_535)]))
    .min(1).max(MAX_CLAIM_ADDRESSES),
  byteStringOf(CLAIM_SECRET_BYTES),
]);

/** The text that people copy. */
export function encodeClaim({ peer, addresses, secret }: Claim): string {
  const places = addresses.flatMap((text) => parseAddress(text) ?? [])
    .slice(0, MAX_CLAIM_ADDRESSES).map(({ ip, port }) => [ip, port]);
  return encodeCopied(CLAIM, encodeCbor([VERSION, publicKeyOf(peer), places, secret]));
}

/** @throws {InvalidTokenError} with a sentence for the one who pasted it. */
export function parseClaim(text: string): Claim {
  const payload = openCopied(CLAIM, text);
  try {
    const [, key, places, secret] = decodeCbor(payload, claimSchema, "claim");
    const peer = peerIdOf(key);
    const addresses = places.map(([ip, port]) => formatAddress({ ip, port, peer }))
      .filter((address) => parseAddress(address) !== undefined);
    if (addresses.length > 0) return { peer, addresses, secret };
  } catch (cause) {
    throw new InvalidTokenError(MALFORMED, { cause });
  }
  throw new InvalidTokenError(MALFORMED);
}

const MALFORMED = "The claim of a relay is malformed, or made by another version of this program";

/** Names a claim without saying its secret. */
export function claimId(secret: Uint8Array): string {
  return sha256(secret).subarray(0, 8).toHex();
}
