import { concat } from "uint8arrays/concat";
import { z } from "zod";
import { announcementSchema, announcementToWire } from "./announcement_wire.ts";
import {
  MAX_NOTICED_VERSION,
  noticedVersionNumber,
  peerIdText,
  versionNumber,
} from "../base/names.ts";
import { BadMessageError, byteString, byteStringOf, decodeCbor, encodeCbor } from "../base/cbor.ts";
import { chainSchema, chainToWire, type Link, linksOf } from "../trust/capability.ts";
import { checkCredential, type Credential } from "../trust/credential.ts";
import { MAX_ANNOUNCEMENT_BYTES } from "../base/message_defaults.ts";
import { StaleMessageError, UnknownKindError } from "../base/errors.ts";
import { peerIdOf, type SigningKey, verifySignature } from "../base/keys.ts";
import { otherKindThan, places } from "../base/tolerant.ts";
import type { Announcement } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";

/** One life of a node, and how far it has come: the higher tells the newer. */
export interface Version {
  readonly incarnation: number;
  readonly seq: number;
}

/** The gossip's content about one node. */
export type RecordContent =
  | { readonly status: "alive"; readonly announcement: Announcement }
  | { readonly status: "dead" | "left"; readonly subject: PeerId; readonly version: Version };

/** A record whose signature and whose signer's membership were checked. */
export interface MeshRecord extends Version {
  readonly subject: PeerId;
  readonly signer: PeerId;
  readonly status: "alive" | "dead" | "left";
  /** Of the living. */
  readonly announcement: Announcement | null;
  /** As they travel, signed. */
  readonly bytes: Uint8Array;
  /** Ids of the certificates by which its signer came, the founder's first. */
  readonly links?: readonly string[];
}

export interface RecordSigner {
  readonly key: SigningKey;
  readonly credential: Credential;
}

const DOMAIN = new TextEncoder().encode("mesh-llm/record/1\0");

// Not signed as a whole: a member that relays a record could put more behind it, so nothing more is let in.
const envelopeSchema = z.tuple([
  byteString,
  byteStringOf(64),
  chainSchema,
  byteStringOf(32),
]);

const bodySchema = z.union([
  places(z.literal("alive"), announcementSchema),
  places(z.literal("dead"), peerIdText, noticedVersionNumber, noticedVersionNumber),
  places(z.literal("left"), peerIdText, versionNumber, versionNumber),
  otherKindThan(["alive", "dead", "left"]),
]);

/** Signs what this node says of itself, or of a peer that it found dead. */
export function signRecord(content: RecordContent, { key, credential }: RecordSigner): MeshRecord {
  const body = encodeCbor(bodyOf(content));
  const signature = key.sign(signedBytes(credential.meshKey, body));
  const bytes = encodeCbor([body, signature, chainToWire(credential.chain), key.publicKey]);
  const links = linksOf(credential.chain).map(({ id }) => id);
  return describe(content, { signer: peerIdOf(key.publicKey), bytes, links });
}

export interface OpenRecordOptions {
  readonly meshKey: Uint8Array;
  readonly now: number;
  /** Whether a chain was revoked. */
  revoked?(links: readonly Link[]): boolean;
}

/**
 * Checks what came from anywhere: the signature over the exact bytes, and that the signer is a
 * member of this mesh, offline.
 * @throws {BadMessageError} saying what is wrong.
 * @throws {StaleMessageError} where the signer was a member once, as its relays may not know yet.
 * @throws {UnknownKindError} where a later version may know what it says.
 */
export function openRecord(
  bytes: Uint8Array,
  { meshKey, now, revoked }: OpenRecordOptions,
): MeshRecord {
  if (bytes.byteLength > MAX_ANNOUNCEMENT_BYTES) {
    throw new BadMessageError(`The record has ${bytes.byteLength} bytes, more than are allowed`);
  }
  const [body, signature, chain, publicKey] = decodeCbor(bytes, envelopeSchema, "record");
  const verdict = checkCredential(chain, { meshKey, publicKey, now });
  if (!verdict.ok) {
    const message = `The record's credential is refused: ${verdict.reason}`;
    throw verdict.expired ? new StaleMessageError(message) : new BadMessageError(message);
  }
  if (revoked?.(verdict.links)) throw new StaleMessageError("The record's signer was revoked");
  if (verdict.grant.role !== "member") {
    throw new BadMessageError(`The record was signed by a ${verdict.grant.role}`);
  }
  if (!verifySignature(publicKey, signedBytes(meshKey, body), signature)) {
    throw new BadMessageError("The record's signature is wrong");
  }
  const links = verdict.links.map(({ id }) => id);
  return checkVersion(
    checkSpeaker(describe(readBody(body), { signer: peerIdOf(publicKey), bytes, links })),
  );
}

/** The chain of who signed a record that was opened before. */
export function signerLinks({ bytes }: MeshRecord): readonly Link[] {
  const [, , chain] = decodeCbor(bytes, envelopeSchema, "record");
  return linksOf(chain);
}

/** Everybody speaks for themselves, but for the dead. */
function checkSpeaker(record: MeshRecord): MeshRecord {
  const own = record.subject === record.signer;
  if (own === (record.status === "dead")) {
    throw new BadMessageError(`The record of ${record.subject} is not ${record.signer}'s to sign`);
  }
  return record;
}

/** A life whose end could not be told would never end for others. A relay of an earlier version does not know that. */
function checkVersion(record: MeshRecord): MeshRecord {
  if (Math.max(record.incarnation, record.seq) > MAX_NOTICED_VERSION) {
    throw new StaleMessageError(
      `The record of ${record.subject} has a version that nobody can end`,
    );
  }
  return record;
}

function describe(
  content: RecordContent,
  signed: Required<Pick<MeshRecord, "signer" | "bytes" | "links">>,
): MeshRecord {
  if (content.status === "alive") {
    const { peer: subject, incarnation, seq } = content.announcement;
    return { subject, incarnation, seq, ...signed, ...content };
  }
  const { subject, version: { incarnation, seq }, status } = content;
  return { subject, incarnation, seq, ...signed, status, announcement: null };
}

function bodyOf(content: RecordContent): unknown {
  if (content.status === "alive") {
    return [content.status, announcementToWire(content.announcement)];
  }
  return [content.status, content.subject, content.version.incarnation, content.version.seq];
}

function readBody(body: Uint8Array): RecordContent {
  const parts = decodeCbor(body, bodySchema, "record's body");
  if (parts === undefined) throw new UnknownKindError("The record is of a kind unknown here");
  if (parts[0] === "alive") return { status: "alive", announcement: parts[1] };
  const [status, subject, incarnation, seq] = parts;
  return { status, subject, version: { incarnation, seq } };
}

function signedBytes(meshKey: Uint8Array, body: Uint8Array): Uint8Array {
  return concat([DOMAIN, meshKey, body]);
}
