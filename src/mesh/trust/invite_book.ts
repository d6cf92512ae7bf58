import { equals } from "uint8arrays/equals";
import { type Chain, type Grant, type Link, linksOf, verifyChain } from "./capability.ts";
import type { Clock } from "../base/clock.ts";
import { MAX_KEPT_INVITES } from "../base/defaults.ts";
import type { Identity } from "./identity.ts";
import { renewMembership } from "./renewal.ts";
import { encodeToken, makeInvite, type NewInvite } from "./token.ts";
import type { IssuedInvite, StoredTrust } from "./trust_file.ts";
import type { InviteStatus } from "../base/mesh.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface InviteBookParts {
  readonly identity: Identity;
  readonly clock: Pick<Clock, "now">;
  isRevoked(links: readonly Link[]): boolean;
  changed(): void;
}

/** A peer that is here, with the chain by which it joined. */
export interface PresentPeer {
  readonly id: PeerId;
  readonly links: readonly Link[];
}

/** The invites that this node has made. */
export class InviteBook {
  readonly #parts: InviteBookParts;
  #issued: readonly IssuedInvite[];
  #standing: StoredTrust["standing"];

  constructor(parts: InviteBookParts) {
    this.#parts = parts;
    this.#issued = parts.identity.trust.invites;
    this.#standing = parts.identity.trust.standing;
  }

  /** A new token. @throws {NotAllowedError} */
  issue(grant: Grant, addresses: readonly string[]): string {
    const invite = this.#make(grant);
    this.#parts.changed();
    return this.#encode(invite, addresses);
  }

  /** The token that stays the same for as long as it is worth anything. @throws {NotAllowedError} */
  standing(grant: Grant, addresses: readonly string[]): string {
    if (this.#standing === null || !this.#counts(this.#standing.chain)) {
      this.#standing = this.#make(grant);
      this.#parts.changed();
    }
    return this.#encode(this.#standing, addresses);
  }

  /** This node's own invites, and those by which guests joined that were made from them. */
  list(guests: readonly PresentPeer[]): InviteStatus[] {
    const known = new Map<string, Omit<InviteStatus, "state" | "usedBy">>();
    const ended = new Set(this.#issued.filter(({ ended }) => ended).map(({ id }) => id));
    for (const { ended: _, ...invite } of this.#issued) known.set(invite.id, invite);
    for (const { id, grant } of guests.flatMap(({ links }) => this.#below(links))) {
      if (!known.has(id)) known.set(id, { id, ...grant, createdAt: null });
    }
    return [...known.values()].map((invite) => ({
      ...invite,
      state: this.#stateOf({ ...invite, ended: ended.has(invite.id) }),
      usedBy: [
        ...new Set(guests.filter(({ links }) => hasLink(links, invite.id)).map((g) => g.id)),
      ],
    }));
  }

  /** Certifies a node that is here already, by an invite of its own. @throws {NotAllowedError} */
  renew(subject: Uint8Array, grant: Grant): Chain {
    const { identity: { key: signer, binding: { credential } }, clock } = this.#parts;
    const options = { credential, signer, subject, grant, now: clock.now() };
    const { chain, inviteId: id } = renewMembership(options);
    this.#keep({ id, grant });
    this.#parts.changed();
    return chain;
  }

  /** This node's own certificates are others: the invites that it made end with the former. */
  moved(): void {
    this.#issued = this.#issued.map((invite) => ({ ...invite, ended: true }));
    this.#standing = null;
  }

  stored(): Pick<StoredTrust, "invites" | "standing"> {
    return { invites: this.#issued, standing: this.#standing };
  }

  #make(grant: Grant): NewInvite {
    const { identity: { key: signer, binding: { credential } }, clock } = this.#parts;
    const now = clock.now();
    const invite = makeInvite({ credential, signer, grant, now });
    this.#keep({ id: invite.id, grant });
    return invite;
  }

  #keep({ id, grant }: { readonly id: string; readonly grant: Grant }): void {
    const kept = withRoomForOne(this.#issued, (one) => this.#stateOf(one) === "valid");
    const createdAt = this.#parts.clock.now();
    this.#issued = [...kept, { id, ...grant, createdAt, ended: false }];
  }

  #encode(invite: Pick<NewInvite, "chain" | "key">, addresses: readonly string[]): string {
    const { meshKey } = this.#parts.identity.binding.credential;
    return encodeToken({ meshKey, addresses, ...invite });
  }

  #counts(chain: Chain): boolean {
    const { identity: { binding: { credential: { meshKey, chain: own } } }, clock } = this.#parts;
    const verdict = verifyChain(chain, { meshKey, now: clock.now() });
    const parent = linksOf(own).at(-1)?.id;
    return verdict.ok && verdict.links.at(-2)?.id === parent &&
      !this.#parts.isRevoked(verdict.links);
  }

  /** Invites along a chain that stand below this node. */
  #below(links: readonly Link[]): readonly Link[] {
    const own = this.#ownKey();
    const at = links.findIndex(({ subject }) => equals(subject, own));
    return at < 0 ? [] : links.slice(at + 1).filter(({ kind }) => kind === "invite");
  }

  #ownKey(): Uint8Array {
    return this.#parts.identity.key.publicKey;
  }

  #stateOf(
    { id, expiresAt, ended }: Pick<IssuedInvite, "id" | "expiresAt" | "ended">,
  ): InviteStatus["state"] {
    if (ended) return "revoked";
    const { identity: { binding: { credential } }, clock, isRevoked } = this.#parts;
    const grant = { ...credential.grant, expiresAt };
    const link: Link = { subject: NO_KEY, kind: "invite", grant, id };
    if (isRevoked([...linksOf(credential.chain), link])) return "revoked";
    return expiresAt !== null && expiresAt <= clock.now() ? "expired" : "valid";
  }
}

/** The invite's own key does not matter for the links above it. */
const NO_KEY = new Uint8Array(32);

/** Those that are past go first, then the oldest. */
function withRoomForOne(
  issued: readonly IssuedInvite[],
  isValid: (invite: IssuedInvite) => boolean,
): readonly IssuedInvite[] {
  if (issued.length < MAX_KEPT_INVITES) return issued;
  const valid = issued.filter(isValid);
  return valid.length < MAX_KEPT_INVITES ? valid : valid.slice(1 - MAX_KEPT_INVITES);
}

function hasLink(links: readonly Link[], id: string): boolean {
  return links.some((link) => link.id === id);
}
