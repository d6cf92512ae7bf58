import { z } from "zod";
import type { Fields } from "../../base/kept_file.ts";
import { type Chain, chainSchema, chainToWire, MAX_CHAIN_LENGTH } from "./capability.ts";
import { decodeCbor, encodeCbor } from "../base/cbor.ts";
import { MAX_GUESTS, MAX_KEPT_INVITES, MAX_REVOCATIONS } from "../base/defaults.ts";
import { SigningKey } from "../base/keys.ts";
import { peerIdText } from "../base/names.ts";
import { MEMBER_ROLES, type MemberRole } from "../base/roles.ts";
import type { Guest, Mark } from "./removal.ts";

/** An invite that this node has made. The token itself is not kept: in place of a lost one a new one is made. */
export interface IssuedInvite {
  readonly id: string;
  readonly role: MemberRole;
  readonly name: string | null;
  readonly mayInvite: boolean;
  readonly expiresAt: number | null;
  readonly createdAt: number;
  /** It ended with the certificates by which this node was in the mesh when it made it. */
  readonly ended: boolean;
}

/** A node's record of one mesh's invites and revocations. */
export interface StoredTrust {
  readonly invites: readonly IssuedInvite[];
  /** The invite that the node prints at every start. */
  readonly standing: { readonly chain: Chain; readonly key: SigningKey } | null;
  readonly revocations: readonly Uint8Array[];
  readonly guests: readonly Guest[];
}

export const base64 = z.string().max(65_536).transform((text, context) => {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    context.addIssue("it is not base64");
    return z.NEVER;
  }
});

const certificateId = z.string().regex(/^[0-9a-f]{16}$/);
const moment = z.number().int().nonnegative();

const marks = z.array(z.object({
  id: certificateId,
  subject: base64.refine((bytes) => bytes.byteLength === 32),
})).max(MAX_CHAIN_LENGTH);

export const trustSchema = z.object({
  invites: z.array(z.object({
    id: certificateId,
    role: z.enum(MEMBER_ROLES),
    name: z.string().max(64).nullable(),
    mayInvite: z.boolean(),
    expiresAt: moment.nullable(),
    createdAt: moment,
    // Files of earlier versions have neither this nor the guests.
    ended: z.boolean().default(false),
  })).max(MAX_KEPT_INVITES),
  standing: z.object({
    chain: base64,
    key: base64.refine((bytes) => bytes.byteLength === 32),
  }).nullable(),
  revocations: z.array(base64).max(MAX_REVOCATIONS),
  guests: z.array(z.object({
    id: peerIdText,
    name: z.string().max(64).nullable(),
    links: marks,
    expiresAt: moment.nullable(),
    former: marks.nullable(),
  })).max(MAX_GUESTS).default([]),
});

export function trustFromJson(json: z.infer<typeof trustSchema>): StoredTrust {
  const { standing } = json;
  return {
    ...json,
    standing: standing && {
      chain: decodeCbor(standing.chain, chainSchema, "chain"),
      key: SigningKey.fromSeed(standing.key),
    },
  };
}

export function trustToJson({ invites, standing, revocations, guests }: StoredTrust): Fields {
  return {
    invites,
    guests: guests.map(({ links, former, ...guest }) => ({
      ...guest,
      links: marksToJson(links),
      former: former && marksToJson(former),
    })),
    standing: standing && {
      chain: encodeCbor(chainToWire(standing.chain)).toBase64(),
      key: standing.key.seed.toBase64(),
    },
    revocations: revocations.map((bytes) => bytes.toBase64()),
  };
}

function marksToJson(marks: readonly Mark[]): unknown {
  return marks.map(({ id, subject }) => ({ id, subject: subject.toBase64() }));
}
