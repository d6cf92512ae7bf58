import { concat } from "uint8arrays/concat";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { base58btc } from "multiformats/bases/base58";
import type { PeerId } from "./peer_id.ts";

/** The DER prefix of the 32 bytes of an Ed25519 key (RFC 8410). */
const PRIVATE_KEY_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");
const PUBLIC_KEY_PREFIX = Uint8Array.fromHex("302a300506032b6570032100");

/** A PeerId is the identity multihash of a protobuf that holds the Ed25519 key. */
const PEER_ID_PREFIX = Uint8Array.fromHex("002408011220");

/** Multihash code and length of SHA-256. */
const SHA256_PREFIX = Uint8Array.fromHex("1220");

const KEY_BYTES = 32;

/** An Ed25519 key that signs. */
export class SigningKey {
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = lastBytes(createPublicKey(key).export({ format: "der", type: "spki" }));
  }

  static generate(): SigningKey {
    return new SigningKey(generateKeyPairSync("ed25519").privateKey);
  }

  static fromSeed(seed: Uint8Array): SigningKey {
    const key = Buffer.from(concat([PRIVATE_KEY_PREFIX, seed]));
    return new SigningKey(createPrivateKey({ key, format: "der", type: "pkcs8" }));
  }

  /** The secret: for files of mode 0600 and for invite tokens. */
  get seed(): Uint8Array {
    return lastBytes(this.#key.export({ format: "der", type: "pkcs8" }));
  }

  sign(message: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, message, this.#key));
  }
}

export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const key = Buffer.from(concat([PUBLIC_KEY_PREFIX, publicKey]));
    return verify(null, message, createPublicKey({ key, format: "der", type: "spki" }), signature);
  } catch {
    return false;
  }
}

export function peerIdOf(publicKey: Uint8Array): PeerId {
  return base58btc.baseEncode(concat([PEER_ID_PREFIX, publicKey])) as PeerId;
}

/** Of equal length, texts of base58 are in the order of their numbers: all PeerIds of Ed25519 keys lie between these two. */
const [FIRST_PEER, LAST_PEER] = [0, 0xff].map((byte) =>
  peerIdOf(new Uint8Array(KEY_BYTES).fill(byte))
) as [PeerId, PeerId];

/**
 * Whether a text that a member said is the PeerId of an Ed25519 key. Every announcement names dozens, so none of them is
 * decoded, nor remembered.
 */
export function isPeerId(text: string): boolean {
  return text.length === FIRST_PEER.length && text >= FIRST_PEER && text <= LAST_PEER &&
    !/[^1-9A-HJ-NP-Za-km-z]/.test(text);
}

/** The Ed25519 key inside a PeerId, `undefined` where the text is none. */
export function publicKeyOf(peer: string): Uint8Array | undefined {
  try {
    const bytes = base58btc.baseDecode(peer);
    if (bytes.byteLength !== PEER_ID_PREFIX.byteLength + KEY_BYTES) return undefined;
    return PEER_ID_PREFIX.every((byte, i) => bytes[i] === byte) ? lastBytes(bytes) : undefined;
  } catch {
    return undefined;
  }
}

/** A mesh is named by the hash of its root's public key, so that its id is never taken for a PeerId. */
export function meshIdOf(meshKey: Uint8Array): string {
  return base58btc.baseEncode(concat([SHA256_PREFIX, sha256(meshKey)]));
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function lastBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.subarray(-KEY_BYTES));
}
