/** The ends of a node at which it meets machines that are not in its mesh: the local network, routers, and who asks to join. */

import type { Announcement } from "./base/announcement.ts";
import type { MeshEvent } from "./base/mesh.ts";
import type { PeerId } from "./base/peer_id.ts";
import type { Inviting } from "./inviting.ts";
import { Lan } from "./lan/lan.ts";
import { meshName } from "./lan/mesh_name.ts";
import { PortMappers, readDefaultRoutes, routersOf } from "./mapping/mod.ts";
import type { MeshParts } from "./mesh_mode.ts";
import { PairingDoor } from "./pairing/host.ts";

export interface EndsParts extends Omit<MeshParts, "passive"> {
  readonly self: PeerId;
  readonly inviting: Inviting;
  readonly passive: () => boolean;
  readonly members: () => readonly Announcement[];
  /** As the local network hears it. */
  readonly meshName: () => string;
  /** Peers of this mesh were heard on the local network. */
  readonly found: (peers: readonly PeerId[]) => void;
  /** A router leads other ports here than before. */
  readonly mapped: () => void;
  readonly emit: (event: MeshEvent) => void;
}

/** The end at which others ask to join; `null` for all but members, and where the local network is left alone. */
export function pairingDoor(parts: EndsParts): PairingDoor | null {
  const { self, role, openLan, identity, clock, logger, counters, inviting, emit } = parts;
  if (openLan === null || role !== "member") return null;
  return new PairingDoor({
    self,
    meshKey: identity.binding.credential.meshKey,
    meshName: parts.meshName,
    mayInvite: () => inviting.mayInvite,
    issue: (invite) => inviting.issue(invite),
    withdraw: (token) => inviting.withdraw(token),
    clock,
    logger,
    changed: () => emit({ type: "pairing" }),
    refused: () => counters.count("pairingsRefused"),
  });
}

/** `null` where the local network is left alone. */
export function openLanEnd(parts: EndsParts): Lan | null {
  const { self, role, openLan, clock, logger, interfaces, identity, name, port, found, emit } =
    parts;
  if (openLan === null) return null;
  return new Lan({
    self,
    meshKey: identity.binding.credential.meshKey,
    clock,
    logger,
    interfaces,
    open: openLan,
    speaks: role === "member",
    offer: () => {
      const bound = port();
      if (bound === null || parts.passive()) return null;
      const own = { name, incarnation: identity.incarnation, peer: self };
      return { name: meshName(own, parts.members()), port: bound };
    },
    changed: () => emit({ type: "lan" }),
    found,
  });
}

export function portMappers(
  { routerFinders: finders, clock, logger, interfaces, mapped }: EndsParts,
): PortMappers {
  return new PortMappers({
    finders,
    clock,
    logger,
    routes: async () => routersOf(await readDefaultRoutes(), interfaces()),
    changed: mapped,
  });
}
