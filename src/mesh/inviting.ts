import { invitable } from "./base/addresses.ts";
import type { Clock } from "./base/clock.ts";
import { NotAllowedError, UnknownInviteError } from "./base/errors.ts";
import type { Identity } from "./trust/identity.ts";
import type { MeshMode } from "./mesh_mode.ts";
import { asDisplayName } from "./base/names.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import { canInvite, parseToken } from "./trust/token.ts";
import { linksOf } from "./trust/capability.ts";
import type { Trust } from "./trust/trust.ts";
import type { InviteOptions, InviteStatus, RelayView } from "./base/mesh.ts";
import type { MemberRole } from "./base/roles.ts";
import type { PeerId } from "./base/peer_id.ts";

const INVITE_ID = /^[0-9a-f]{16}$/;

export interface InvitingParts {
  readonly role: MemberRole;
  readonly identity: Identity;
  readonly network: PeerNetwork;
  readonly trust: Trust;
  /** The node's mode at this moment. */
  readonly mode: () => MeshMode;
  /** The addresses on which this node listens. */
  readonly addresses: () => readonly string[];
  readonly relays: () => readonly RelayView[];
  readonly clock: Pick<Clock, "now">;
}

/** Admits nodes to the mesh by invites, and ends their membership. */
export class Inviting {
  readonly #parts: InvitingParts;

  constructor(parts: InvitingParts) {
    this.#parts = parts;
  }

  get mayInvite(): boolean {
    const { role, identity } = this.#parts;
    return role === "member" && canInvite(identity.binding.credential);
  }

  /** @throws {NotAllowedError} where this node's own grant does not cover it. */
  issue({ role, name, mayInvite, expiresAt }: InviteOptions): string {
    const { identity, trust } = this.#parts;
    const grant = {
      role,
      name: name === undefined ? null : asDisplayName(name),
      mayInvite: role !== "relay" && (mayInvite ?? (role === "member" && trust.isRoot)),
      expiresAt: expiresAt ?? identity.binding.credential.grant.expiresAt,
    };
    return trust.invites.issue(grant, this.#addresses());
  }

  /** Ends an invite that was made a moment ago for somebody who did not get it. */
  async withdraw(token: string): Promise<void> {
    const { clock } = this.#parts;
    const id = linksOf(parseToken(token, clock.now()).chain).at(-1)?.id;
    if (id !== undefined) await this.revoke(id);
  }

  /** The member's invite that stays the same until it is revoked; `null` where this node may not invite. */
  standing(): string | null {
    if (!this.mayInvite) return null;
    const { identity, trust } = this.#parts;
    const { expiresAt } = identity.binding.credential.grant;
    const grant = { role: "member", name: null, mayInvite: trust.isRoot, expiresAt } as const;
    return trust.invites.standing(grant, this.#addresses());
  }

  list(): readonly InviteStatus[] {
    const { network, trust, mode } = this.#parts;
    return trust.invites.list([...mode().knownMembers(), ...network.connectedPeers().values()]);
  }

  /** @throws {NotAllowedError}, or {UnknownInviteError} for an id that nobody here has come by. */
  async revoke(id: string): Promise<void> {
    const { trust, mode } = this.#parts;
    if (!this.mayInvite) {
      throw new NotAllowedError("This node may not invite, so it revokes nothing");
    }
    const known = this.list().find((invite) => invite.id === id);
    // The root's word counts for every invite of the mesh, also for one that nobody has used yet.
    if (known === undefined && !(trust.isRoot && INVITE_ID.test(id))) {
      throw new UnknownInviteError(
        `This node has made no invite ${id}: list them to see their ids`,
      );
    }
    // The member that answers passes it on: a passive node may be connected to nobody.
    if (mode().passive) await mode().refreshRoutes({ force: true });
    await trust.revoke({ id, expiresAt: known?.expiresAt ?? null });
  }

  /** Of a token: this node first, then a relay, then those it is connected to, then the others that live. */
  #addresses(): readonly string[] {
    const { network, addresses, relays } = this.#parts;
    const mode = this.#parts.mode();
    const rank = (peer: PeerId) => network.isConnected(peer) ? 0 : 1;
    const peers = [...mode.livingPeers()].sort((a, b) => rank(a) - rank(b));
    // The first relay comes second: behind some routers nothing else can be reached.
    const byRelay = relays().filter(({ connected }) => connected).slice(0, 1)
      .map(({ addresses }) => invitable(addresses));
    return [
      invitable(addresses()),
      ...byRelay,
      ...peers.map((peer) => invitable(mode.addressesOf(peer))),
    ]
      .flat();
  }
}
