import { equals } from "uint8arrays/equals";
import {
  attenuate,
  type Chain,
  extendChain,
  type Grant,
  type Link,
  verifyChain,
} from "./capability.ts";
import { InvalidTokenError } from "../base/errors.ts";
import type { SigningKey } from "../base/keys.ts";
import { asDisplayName } from "../base/names.ts";
import { mayBe, type MemberRole } from "../base/roles.ts";

/** A node's right to be in a mesh: a chain that ends at the node's own key. */
export interface Credential {
  readonly meshKey: Uint8Array;
  readonly chain: Chain;
  readonly grant: Grant;
}

/** The content of an invite token. The key is a secret: everybody who has the token may join. */
export interface Invite {
  readonly meshKey: Uint8Array;
  /** To dial, grouped by peer, the inviter first. */
  readonly addresses: readonly string[];
  /** Its last subject is `key`. */
  readonly chain: Chain;
  readonly key: SigningKey;
  readonly grant: Grant;
}

export type CredentialVerdict =
  | { readonly ok: true; readonly grant: Grant; readonly links: readonly Link[] }
  | { readonly ok: false; readonly reason: string; readonly expired: boolean };

/** The founder's own: signed by the new mesh's root, without limits. */
export function foundCredential(
  root: SigningKey,
  node: { readonly publicKey: Uint8Array; readonly name: string },
): Credential {
  const name = asDisplayName(node.name);
  const grant: Grant = { role: "member", name, mayInvite: true, expiresAt: null };
  const meshKey = root.publicKey;
  const subject = node.publicKey;
  const chain = extendChain([], { meshKey, signer: root, subject, kind: "node", grant });
  return { meshKey, chain, grant };
}

/**
 * Uses an invite: its key certifies the node's own.
 * @throws {InvalidTokenError} where the invite does not cover the role.
 */
export function acceptInvite(
  invite: Invite,
  node: { readonly publicKey: Uint8Array; readonly role: MemberRole },
): Credential {
  if (!mayBe(invite.grant.role, node.role)) {
    throw new InvalidTokenError(
      invite.grant.role === "client" && node.role === "member"
        ? "The invite token is for clients only: start with --client, or ask for a member's token"
        : `The invite token is for a ${invite.grant.role}, and this node is a ${node.role}: ask for another token`,
    );
  }
  const grant = attenuate(invite.grant, { ...invite.grant, role: node.role });
  const { meshKey, key: signer } = invite;
  const subject = node.publicKey;
  const chain = extendChain(invite.chain, { meshKey, signer, subject, kind: "node", grant });
  return { meshKey, chain, grant };
}

/** The rights that a chain grants to the holder of a key, or why it grants none. */
export function checkCredential(
  chain: Chain,
  options: { readonly meshKey: Uint8Array; readonly publicKey: Uint8Array; readonly now: number },
): CredentialVerdict {
  const verdict = verifyChain(chain, options);
  if (!verdict.ok) return verdict;
  if (verdict.last.kind !== "node" || !equals(verdict.last.subject, options.publicKey)) {
    return { ok: false, reason: "it belongs to another node", expired: false };
  }
  return { ok: true, grant: verdict.last.grant, links: verdict.links };
}
