import { concat } from "uint8arrays/concat";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { byteString, byteStringOf, decodeCbor, encodeCbor } from "../base/cbor.ts";
import { type SigningKey, verifySignature } from "../base/keys.ts";
import { displayName } from "../base/names.ts";
import { mayBe, MEMBER_ROLES, type MemberRole } from "../base/roles.ts";

/**
 * The rights that a certificate grants its subject; each link of a chain grants at most the rights of the one before.
 */
export interface Grant {
  readonly role: MemberRole;
  /** The person that it was made for, in the inviter's words. */
  readonly name: string | null;
  readonly mayInvite: boolean;
  /** Epoch milliseconds. */
  readonly expiresAt: number | null;
}

/** A node's own key, or the key pair inside an invite token. They take turns along a chain. */
export type SubjectKind = "node" | "invite";

/** One signed link. The body stays as the bytes that were signed. */
export interface Certificate {
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

export type Chain = readonly Certificate[];

/** The content of one certificate. */
export interface Link {
  readonly subject: Uint8Array;
  readonly kind: SubjectKind;
  readonly grant: Grant;
  /** Hex; names the certificate in a revocation. */
  readonly id: string;
}

export type ChainVerdict =
  | { readonly ok: true; readonly links: readonly Link[]; readonly last: Link }
  | {
    readonly ok: false;
    readonly reason: string;
    /** It was right once. */
    readonly expired: boolean;
  };

/** Eight generations of invites; each link is about 120 bytes of every token and announcement. */
export const MAX_CHAIN_LENGTH = 16;

const DOMAIN = new TextEncoder().encode("mesh-llm/certificate/1\0");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const ID_BYTES = 8;

/** The role may be one of a later version, which gives no rights here. */
const bodySchema = z.tuple([
  byteStringOf(KEY_BYTES),
  z.enum(["node", "invite"]),
  z.string().max(32),
  z.boolean(),
  displayName.nullable(),
  z.number().int().nonnegative().nullable(),
  byteStringOf(ID_BYTES),
]);

/** The wire form of a chain, for the schemas of what carries one. */
export const chainSchema: z.ZodType<Chain> = z
  .array(
    z.tuple([byteString.refine((b) => b.byteLength <= 512), byteStringOf(SIGNATURE_BYTES)])
      .transform(([body, signature]) => ({ body, signature })),
  )
  .min(1).max(MAX_CHAIN_LENGTH);

export function chainToWire(chain: Chain): unknown {
  return chain.map(({ body, signature }) => [body, signature]);
}

export interface ExtendOptions {
  readonly meshKey: Uint8Array;
  /** The last subject's key; the mesh's root for the first link. */
  readonly signer: SigningKey;
  readonly subject: Uint8Array;
  readonly kind: SubjectKind;
  readonly grant: Grant;
  /** @default {random} */
  readonly id?: Uint8Array;
}

/** Adds a link; whether the signer may grant it is for `verifyChain` to say. */
export function extendChain(chain: Chain, options: ExtendOptions): Chain {
  const { meshKey, signer, subject, kind, grant, id = randomBytes(ID_BYTES) } = options;
  const body = encodeCbor([
    subject,
    kind,
    grant.role,
    grant.mayInvite,
    grant.name,
    grant.expiresAt,
    new Uint8Array(id),
  ]);
  const signature = signer.sign(signedBytes(body, chain.at(-1), meshKey));
  return [...chain, { body, signature }];
}

/** Checks a chain offline: every signature, every attenuation, every expiry at the time `now`. */
export function verifyChain(
  chain: Chain,
  { meshKey, now }: { readonly meshKey: Uint8Array; readonly now: number },
): ChainVerdict {
  if (chain.length > MAX_CHAIN_LENGTH) return refuse("it has too many certificates");
  const links: Link[] = [];
  for (const [i, certificate] of chain.entries()) {
    const parent = links.at(-1);
    const link = readLink(certificate);
    if (typeof link === "string") return refuse(`certificate ${i + 1} ${link}`);
    const message = signedBytes(certificate.body, chain[i - 1], meshKey);
    if (!verifySignature(parent?.subject ?? meshKey, message, certificate.signature)) {
      return refuse(`the signature of certificate ${i + 1} is wrong`);
    }
    const excess = exceedsRole(link) ?? (parent && exceeds(parent, link));
    if (excess !== undefined) return refuse(`certificate ${i + 1} ${excess}`);
    if (hasExpired(link.grant, now)) return { ...refuse("it has expired"), expired: true };
    links.push(link);
  }
  const last = links.at(-1);
  return last === undefined ? refuse("it is empty") : { ok: true, links, last };
}

/** The most of `wanted` that a holder of `held` can give. */
export function attenuate(held: Grant, wanted: Grant): Grant {
  const role = mayBe(held.role, wanted.role) ? wanted.role : held.role;
  return {
    role,
    name: wanted.name,
    mayInvite: held.mayInvite && wanted.mayInvite && role !== "relay",
    expiresAt: earlier(held.expiresAt, wanted.expiresAt),
  };
}

/** The links of a chain, unchecked: of one that was verified before. Empty if it has none. */
export function linksOf(chain: Chain): readonly Link[] {
  return chain.map(readLink).filter((link) => typeof link !== "string");
}

function exceedsRole({ grant }: Link): string | undefined {
  return grant.role === "relay" && grant.mayInvite ? "lets a relay invite" : undefined;
}

function exceeds(parent: Link, link: Link): string | undefined {
  if (parent.kind === link.kind) return `was made by a ${parent.kind} for another ${link.kind}`;
  if (parent.kind === "node" && !parent.grant.mayInvite) {
    return "was made by a node that may not invite";
  }
  if (!mayBe(parent.grant.role, link.grant.role)) {
    return `makes a ${link.grant.role} of what a ${parent.grant.role} may grant`;
  }
  if (link.grant.mayInvite && !parent.grant.mayInvite) return "grants inviting without having it";
  if (earlier(parent.grant.expiresAt, link.grant.expiresAt) !== link.grant.expiresAt) {
    return "expires later than the one before it";
  }
  return undefined;
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function hasExpired(grant: Grant, now: number): boolean {
  return grant.expiresAt !== null && grant.expiresAt <= now;
}

/** Answers with what is wrong where it can't be read. */
function readLink(certificate: Certificate): Link | string {
  try {
    const [subject, kind, told, mayInvite, name, expiresAt, id] = decodeCbor(
      certificate.body,
      bodySchema,
      "certificate",
    );
    const role = MEMBER_ROLES.find((one) => one === told);
    if (role === undefined) return "grants a role that this version does not know";
    return { subject, kind, grant: { role, name, mayInvite, expiresAt }, id: id.toHex() };
  } catch {
    return "is malformed";
  }
}

/** Each signature covers the one before it, so that no link can be moved to another chain or mesh. */
function signedBytes(
  body: Uint8Array,
  parent: Certificate | undefined,
  meshKey: Uint8Array,
): Uint8Array {
  return concat([DOMAIN, parent?.signature ?? meshKey, body]);
}

function refuse(reason: string): ChainVerdict & { readonly ok: false } {
  return { ok: false, reason, expired: false };
}
