import { z } from "zod";
import { type Chain, chainSchema, chainToWire } from "./capability.ts";
import { decodeCbor, encodeCbor } from "../base/cbor.ts";
import { MAX_KEPT_INVITES, MAX_REVOCATIONS } from "../base/defaults.ts";
import { SigningKey } from "../base/keys.ts";

/** An invite that this node has made. The token itself is not kept: in place of a lost one a new one is made. */
export interface IssuedInvite {
  readonly id: string;
  readonly role: "member" | "client";
  readonly name: string | null;
  readonly mayInvite: boolean;
  readonly expiresAt: number | null;
  readonly createdAt: number;
}

/** A node's record of one mesh's invites and revocations. */
export interface StoredTrust {
  readonly invites: readonly IssuedInvite[];
  /** The invite that the node prints at every start. */
  readonly standing: { readonly chain: Chain; readonly key: SigningKey } | null;
  readonly revocations: readonly Uint8Array[];
}

export const base64 = z.string().max(65_536).transform((text, context) => {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    context.addIssue("it is not base64");
    return z.NEVER;
  }
});

const moment = z.number().int().nonnegative();

export const trustSchema = z.object({
  invites: z.array(z.object({
    id: z.string().regex(/^[0-9a-f]{16}$/),
    role: z.enum(["member", "client"]),
    name: z.string().max(64).nullable(),
    mayInvite: z.boolean(),
    expiresAt: moment.nullable(),
    createdAt: moment,
  })).max(MAX_KEPT_INVITES),
  standing: z.object({
    chain: base64,
    key: base64.refine((bytes) => bytes.byteLength === 32),
  }).nullable(),
  revocations: z.array(base64).max(MAX_REVOCATIONS),
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

export function trustToJson({ invites, standing, revocations }: StoredTrust): unknown {
  return {
    invites,
    standing: standing && {
      chain: encodeCbor(chainToWire(standing.chain)).toBase64(),
      key: standing.key.seed.toBase64(),
    },
    revocations: revocations.map((bytes) => bytes.toBase64()),
  };
}
