import { concat } from "uint8arrays/concat";
import { equals } from "uint8arrays/equals";
import { z } from "zod";
import { chainSchema, chainToWire, type Grant, type Link } from "./capability.ts";
import { BadMessageError, byteString, byteStringOf, decodeCbor, encodeCbor } from "../base/cbor.ts";
import { checkCredential, type Credential } from "./credential.ts";
import { MAX_REVOCATION_BYTES } from "../base/message_defaults.ts";
import { StaleMessageError, UnknownKindError } from "../base/errors.ts";
import { meshIdOf, type SigningKey, verifySignature } from "../base/keys.ts";
import { otherKindThan, places } from "../base/tolerant.ts";

/** A signed word that a certificate, and all that was made of it, is worth nothing any more. */
export interface Revocation {
  /** The certificate's, hex. */
  readonly id: string;
  /** The signer of the revocation: it counts if this key is above the certificate in its chain. */
  readonly signer: Uint8Array;
  readonly byRoot: boolean;
  /** Epoch milliseconds after which the certificate is worth nothing anyway. */
  readonly forgetAt: number | null;
  /** As it travels. */
  readonly bytes: Uint8Array;
}

/** The mesh's root, or a node with its credential. */
export type Revoker =
  | { readonly root: SigningKey; readonly meshKey: Uint8Array }
  | { readonly key: SigningKey; readonly credential: Credential };

const DOMAIN = new TextEncoder().encode("mesh-llm/revocation/1\0");
const ID_BYTES = 8;

const envelopeSchema = z.tuple([
  byteString,
  byteStringOf(64),
  z.union([chainSchema, z.tuple([])]),
  byteStringOf(32),
]);
const bodySchema = z.union([
  places(byteStringOf(ID_BYTES), z.number().int().nonnegative().nullable()),
  otherKindThan([]),
]);

/** Says that the certificate is revoked; whether the signer's word counts is for `revokes` to say. */
export function signRevocation(
  { id, expiresAt }: { readonly id: string; readonly expiresAt: number | null },
  revoker: Revoker,
): Revocation {
  const byRoot = "root" in revoker;
  const meshKey = byRoot ? revoker.meshKey : revoker.credential.meshKey;
  const key = byRoot ? revoker.root : revoker.key;
  const chain = byRoot ? [] : revoker.credential.chain;
  const body = encodeCbor([Uint8Array.fromHex(id), expiresAt]);
  const signature = key.sign(signedBytes(meshKey, body));
  const bytes = encodeCbor([body, signature, chainToWire(chain), key.publicKey]);
  const limit = byRoot ? null : revoker.credential.grant.expiresAt;
  return { id, signer: key.publicKey, byRoot, forgetAt: earliest(expiresAt, limit), bytes };
}

/**
 * Reads what came from anywhere: only who may invite has anything to revoke.
 * @throws {BadMessageError} saying what is wrong. @throws {StaleMessageError} where it was right once.
 * @throws {UnknownKindError} where a later version may know what it says.
 */
export function openRevocation(
  bytes: Uint8Array,
  { meshKey, now }: { readonly meshKey: Uint8Array; readonly now: number },
): Revocation {
  if (bytes.byteLength > MAX_REVOCATION_BYTES) {
    throw new BadMessageError(`The revocation has ${bytes.byteLength} bytes, too many`);
  }
  const [body, signature, chain, signer] = decodeCbor(bytes, envelopeSchema, "revocation");
  const byRoot = chain.length === 0;
  const grant = byRoot ? undefined : revokerGrant(chain, { meshKey, signer, now });
  if (byRoot && !equals(signer, meshKey)) {
    throw new BadMessageError(`The revocation is not signed by the root of ${meshIdOf(meshKey)}`);
  }
  if (!verifySignature(signer, signedBytes(meshKey, body), signature)) {
    throw new BadMessageError("The revocation's signature is wrong");
  }
  const parts = decodeCbor(body, bodySchema, "revocation's body");
  if (parts === undefined) throw new UnknownKindError("The revocation is of a kind unknown here");
  const [id, expiresAt] = parts;
  const forgetAt = earliest(expiresAt, grant?.expiresAt ?? null);
  if (forgetAt !== null && forgetAt <= now) throw new StaleMessageError("The revocation is past");
  return { id: id.toHex(), signer, byRoot, forgetAt, bytes };
}

/** Whether the word counts for a chain: its signer is the root, or stands above what it revokes. */
export function revokes(
  { id, signer }: Pick<Revocation, "id" | "signer">,
  links: readonly Pick<Link, "id" | "subject">[],
  meshKey: Uint8Array,
): boolean {
  const at = links.findIndex((link) => link.id === id);
  const above = [meshKey, ...links.slice(0, Math.max(at, 0)).map(({ subject }) => subject)];
  return at >= 0 && above.some((key) => equals(key, signer));
}

function revokerGrant(
  chain: z.infer<typeof chainSchema>,
  { meshKey, signer, now }: {
    readonly meshKey: Uint8Array;
    readonly signer: Uint8Array;
    readonly now: number;
  },
): Grant {
  const verdict = checkCredential(chain, { meshKey, publicKey: signer, now });
  if (!verdict.ok) {
    const message = `The revocation's signer is refused: ${verdict.reason}`;
    throw verdict.expired ? new StaleMessageError(message) : new BadMessageError(message);
  }
  if (!verdict.grant.mayInvite) {
    throw new BadMessageError("The revocation was signed by a node that may not invite");
  }
  return verdict.grant;
}

function signedBytes(meshKey: Uint8Array, body: Uint8Array): Uint8Array {
  return concat([DOMAIN, meshKey, body]);
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? a ?? b : Math.min(a, b);
}
