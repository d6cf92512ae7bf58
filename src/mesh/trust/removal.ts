import { equals } from "uint8arrays/equals";
import type { Link } from "./capability.ts";
import { type Revocation, revokes } from "./revocation.ts";
import type { MemberRole } from "../base/roles.ts";
import type { PeerId } from "../base/peer_id.ts";

/** The part of a certificate that is remembered: enough to tell whose word ends it. */
export type Mark = Pick<Link, "id" | "subject">;

/** A machine of the mesh, with the certificates by which it is here. */
export interface Guest {
  readonly id: PeerId;
  /** In its own words, or its inviter's. */
  readonly name: string | null;
  /** The founder's first, and its own last. */
  readonly links: readonly Mark[];
  /** Epoch milliseconds at which its invite ends. */
  readonly expiresAt: number | null;
  /** Those by which it came, where this node has certified it anew. */
  readonly former: readonly Mark[] | null;
}

export interface EndedInvite {
  readonly id: string;
  readonly expiresAt: number | null;
}

/** The way to have one machine out and nobody else. */
export interface Removal {
  /** The invite by which the machine came, which ends with it. */
  readonly invite: EndedInvite;
  /** The others that came by that invite, or by those that were made below it. */
  readonly others: readonly Guest[];
}

/** The founder's own machine is in by no invite: nothing can end its membership. */
export function planRemoval(machine: Guest, guests: Iterable<Guest>): Removal | undefined {
  const id = machine.links.at(-2)?.id;
  if (id === undefined) return undefined;
  const others = [...guests].filter((one) =>
    one.id !== machine.id && one.links.some((link) => link.id === id)
  );
  return { invite: { id, expiresAt: machine.expiresAt }, others };
}

/** Clients are not remembered: there are thousands. */
export function isGuest(role: MemberRole): boolean {
  return role !== "client";
}

export function guestOf(
  id: PeerId,
  links: readonly Link[],
  { name = null, former = null }: Partial<Pick<Guest, "name" | "former">> = {},
): Guest {
  return {
    id,
    name: name ?? links.at(-1)?.grant.name ?? null,
    links: links.map((link) => ({ id: link.id, subject: link.subject })),
    expiresAt: links.at(-2)?.grant.expiresAt ?? null,
    former,
  };
}

/** Whether a node with this key stands above the last holder of a chain, so that its word ends the holder's membership. */
export function standsAbove(key: Uint8Array, links: readonly Mark[]): boolean {
  return links.slice(0, -1).some(({ subject }) => equals(subject, key));
}

/**
 * The new invites that end with a word about the former ones: somebody has removed a machine in another half of the mesh,
 * while this node certified it anew. The word of who has been removed itself does not count, nor one that ended an invite
 * of many.
 */
export function followUps(
  word: Pick<Revocation, "id" | "signer">,
  guests: Iterable<Guest>,
  { meshKey, isRevoked }: {
    readonly meshKey: Uint8Array;
    readonly isRevoked: (links: readonly Mark[]) => boolean;
  },
): EndedInvite[] {
  return [...guests].flatMap(({ links, former, expiresAt }) => {
    const invite = links.at(-2);
    if (former === null || invite === undefined || former.at(-2)?.id !== word.id) return [];
    if (!revokes(word, former, meshKey) || isRevoked(links)) return [];
    const signerAt = former.findIndex(({ subject }) => equals(subject, word.signer));
    return isRevoked(former.slice(0, signerAt + 1)) ? [] : [{ id: invite.id, expiresAt }];
  });
}
