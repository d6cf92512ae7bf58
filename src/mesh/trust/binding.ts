import { equals } from "uint8arrays/equals";
import type { RelayPlace } from "../base/announcement.ts";
import {
  acceptInvite,
  checkCredential,
  type Credential,
  foundCredential,
  type Invite,
} from "./credential.ts";
import { BoundToOtherMeshError, NoMeshError, NotAllowedError } from "../base/errors.ts";
import { meshIdOf, SigningKey } from "../base/keys.ts";
import { mayBe, type MemberRole } from "../base/roles.ts";

/** The mesh that a data directory belongs to, as its file says. */
export interface StoredMesh {
  readonly credential: Omit<Credential, "grant">;
  /** Only where this node founded the mesh. */
  readonly root: SigningKey | null;
  readonly addresses: readonly string[];
  readonly relays?: readonly RelayPlace[];
  /** Another node has been in it while this one was. */
  readonly hadCompany?: boolean;
}

/** The mesh that a node starts in. */
export interface Binding {
  readonly credential: Credential;
  readonly root: SigningKey | null;
  /** Of peers to dial first. */
  readonly addresses: readonly string[];
  readonly relays: readonly RelayPlace[];
  /** A mesh that is left, where its root key would be lost with it. */
  readonly abandoned: StoredMesh | null;
}

export interface BindingOptions {
  readonly stored: StoredMesh | undefined;
  readonly invite: Invite | null;
  readonly leave: boolean;
  readonly node: {
    readonly publicKey: Uint8Array;
    readonly role: MemberRole;
    readonly name: string;
  };
  readonly now: number;
}

/** Which mesh a node starts in: the token's, else the one it was in, else a new one of its own. */
export function chooseMesh({ stored, invite, leave, node, now }: BindingOptions): Binding {
  if (stored !== undefined && isStaying(stored, invite, leave)) {
    return invite !== null && stored.root === null
      ? joinMesh(invite, node, { ...stored, abandoned: null })
      : returnToMesh(stored, invite, node, now);
  }
  const abandoned = stored?.root ? stored : null;
  if (invite !== null) return joinMesh(invite, node, { addresses: [], relays: [], abandoned });
  return foundMesh(node, abandoned);
}

function isStaying(stored: StoredMesh, invite: Invite | null, leave: boolean): boolean {
  if (invite === null) return !leave;
  const { meshKey } = stored.credential;
  if (equals(meshKey, invite.meshKey)) return true;
  if (!leave) throw new BoundToOtherMeshError(meshIdOf(meshKey), meshIdOf(invite.meshKey));
  return false;
}

function joinMesh(
  invite: Invite,
  node: BindingOptions["node"],
  { addresses: known, relays = [], abandoned }:
    & Pick<StoredMesh, "addresses" | "relays">
    & Pick<Binding, "abandoned">,
): Binding {
  const addresses = [...new Set([...invite.addresses, ...known])];
  const credential = acceptInvite(invite, node);
  return { credential, root: null, addresses, relays, abandoned };
}

function returnToMesh(
  stored: StoredMesh,
  invite: Invite | null,
  node: BindingOptions["node"],
  now: number,
): Binding {
  const { meshKey, chain } = stored.credential;
  const verdict = checkCredential(chain, { meshKey, publicKey: node.publicKey, now });
  if (!verdict.ok) {
    throw new NotAllowedError(
      `Cannot return to mesh ${meshIdOf(meshKey)}: this node's membership is not valid, ` +
        `${verdict.reason}; join again with a new token`,
    );
  }
  const { grant } = verdict;
  if (!mayBe(grant.role, node.role)) {
    throw new NotAllowedError(
      `Cannot return to mesh ${meshIdOf(meshKey)} as a ${node.role}: this node was invited as a ` +
        `${grant.role}; ${grant.role === "client" ? "start with --client, or " : ""}` +
        `join with a ${node.role}'s token`,
    );
  }
  const addresses = [...new Set([...invite?.addresses ?? [], ...stored.addresses])];
  const { root, relays = [] } = stored;
  return { credential: { meshKey, chain, grant }, root, addresses, relays, abandoned: null };
}

function foundMesh(node: BindingOptions["node"], abandoned: StoredMesh | null): Binding {
  if (node.role !== "member") {
    throw new NoMeshError(
      `A ${node.role} needs a mesh: this one has never been in any, so give it an invite with --join`,
    );
  }
  const root = SigningKey.generate();
  return { credential: foundCredential(root, node), root, addresses: [], relays: [], abandoned };
}
