import type { InterfaceAddress } from "./base/addresses.ts";
import type { PeerId } from "./base/peer_id.ts";
import { type Hindrance, isNear, nativeWay, type PeerWay } from "./base/peer_way.ts";
import { isPiped } from "./link/network.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import type { LateReach } from "./reach/mod.ts";

export interface PeerWaysParts {
  readonly network: Pick<PeerNetwork, "connectionTo">;
  readonly reach: Pick<LateReach, "ways" | "hasNewPorts">;
  readonly interfaces: readonly InterfaceAddress[];
  /** The router leads the node's own port to it. */
  readonly isMapped: boolean;
  /** The port at which peers meet the node; `null` until one has wanted to. */
  readonly reachPort: number | null;
  /** The router leads that port to it. */
  readonly isReachMapped: boolean;
  readonly addressesOf: (peer: PeerId) => readonly string[];
}

/** How peers are reached now. A mesh is large and an interface costs a call of the system: all peers are told by one look. */
export function peerWays(parts: PeerWaysParts): (peer: PeerId) => PeerWay | undefined {
  const { network, reach, interfaces, isMapped, isReachMapped, addressesOf } = parts;
  const ways = reach.ways();
  const piped = (peer: PeerId): PeerWay | undefined => {
    const way = ways.get(peer);
    if (way === undefined) return undefined;
    if (way.kind === "relayed") {
      return { kind: "relayed", by: way.by, hindrance: hindranceOf(parts) };
    }
    if (isNear(way.end.ip, interfaces)) return { kind: "lan" };
    return { kind: isReachMapped ? "mapped" : "punched" };
  };
  return (peer) => {
    const connection = network.connectionTo(peer);
    if (connection === undefined) return undefined;
    if (isPiped(connection)) return piped(peer);
    const { direction, remoteAddress } = connection;
    const told = addressesOf(peer);
    return { kind: nativeWay({ direction, remoteAddress, interfaces, isMapped, told }) };
  };
}

function hindranceOf({ reach, reachPort: port, isReachMapped }: PeerWaysParts): Hindrance {
  if (isReachMapped) return { kind: "mapped", port };
  return { kind: reach.hasNewPorts ? "new ports" : "unknown", port };
}
