import { equals } from "uint8arrays/equals";
import { type Chain, extendChain, type Grant, type Link, linksOf } from "./capability.ts";
import { checkCredential, type Credential } from "./credential.ts";
import type { SigningKey } from "../base/keys.ts";
import { makeInvite } from "./token.ts";

/** A certificate for a node that belongs to the mesh already, in place of one that is about to end. */
export interface RenewedMembership {
  /** Ends at the node's own key. */
  readonly chain: Chain;
  /** Of the invite in it: what a revocation names. */
  readonly inviteId: string;
}

export interface RenewalOptions {
  /** Of the node that certifies. */
  readonly credential: Credential;
  readonly signer: SigningKey;
  /** The key of the node that stays. */
  readonly subject: Uint8Array;
  /** Its rights so far. */
  readonly grant: Grant;
  readonly now: number;
}

/**
 * Certifies a node anew, right below the certifier. The key of the invite between them is forgotten, so that nobody else
 * ever comes by it. @throws {NotAllowedError} where the certifier's own grant does not cover it.
 */
export function renewMembership(
  { credential, signer, subject, grant, now }: RenewalOptions,
): RenewedMembership {
  const invite = makeInvite({ credential, signer, grant, now });
  const { meshKey } = credential;
  const chain = extendChain(invite.chain, {
    meshKey,
    signer: invite.key,
    subject,
    kind: "node",
    grant,
  });
  return { chain, inviteId: invite.id };
}

export type RenewalVerdict =
  | { readonly ok: true; readonly credential: Credential; readonly links: readonly Link[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Whether a chain may take the place of a node's own: the rights are the same, and it was made by a node above it, which
 * could end its membership as well. So nobody takes a node for itself, and nobody gets more by it, or less.
 */
export function judgeRenewal(
  current: Credential,
  offered: Chain,
  { publicKey, now }: { readonly publicKey: Uint8Array; readonly now: number },
): RenewalVerdict {
  const { meshKey } = current;
  const verdict = checkCredential(offered, { meshKey, publicKey, now });
  if (!verdict.ok) return { ok: false, reason: verdict.reason };
  const { links, grant } = verdict;
  if (!sameRights(grant, current.grant)) return { ok: false, reason: "it grants other rights" };
  const certifier = links.at(-3)?.subject;
  const above = linksOf(current.chain).slice(0, -1).filter(({ kind }) => kind === "node");
  if (certifier === undefined || !above.some(({ subject }) => equals(subject, certifier))) {
    return { ok: false, reason: "it was not made by a node by whose invites this one came" };
  }
  return { ok: true, credential: { meshKey, chain: offered, grant }, links };
}

/** Two grants but for the name. */
export function sameRights(a: Grant, b: Grant): boolean {
  return a.role === b.role && a.mayInvite === b.mayInvite && a.expiresAt === b.expiresAt;
}
