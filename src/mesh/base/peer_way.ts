/** How a peer is reached: by which kind of way its connection goes. Pure. */

import { isIPv4 } from "node:net";
import { isLinkLocal, isLoopback, isPublic, isSameNetwork } from "../../base/ip_address.ts";
import { type InterfaceAddress, ipOf } from "./addresses.ts";
import type { PeerId } from "./peer_id.ts";

/**
 * `lan`: within one network. `direct`: at an address of its own. `mapped`: through a port that a router opens for it.
 * `punched`: by a way that both have found through their routers. `relayed`: over another node.
 */
export type PeerWay =
  | { readonly kind: "lan" | "direct" | "mapped" | "punched" }
  | { readonly kind: "relayed"; readonly by: PeerId; readonly hindrance: Hindrance };

/** The reason why two nodes don't meet directly, as far as this one knows. */
export interface Hindrance {
  /**
   * `new ports`: this node's router gives it a new port for each peer. `mapped`: its router leads a port to it, so that
   * the way is closed elsewhere. `unknown`: anything else.
   */
  readonly kind: "new ports" | "mapped" | "unknown";
  /** UDP, of this machine: where a router would have to lead peers. `null` for one that opens no port. */
  readonly port: number | null;
}

/** A connection without a pipe, as its two ends are known. */
export interface NativeEnds {
  readonly direction: "inbound" | "outbound";
  readonly remoteAddress: string;
  readonly interfaces: readonly InterfaceAddress[];
  /** This node's router leads a port to it. */
  readonly isMapped: boolean;
  /** The addresses that the peer tells, its best first. */
  readonly told: readonly string[];
}

export function nativeWay(ends: NativeEnds): "lan" | "direct" | "mapped" {
  const ip = ipOf(ends.remoteAddress);
  if (isNear(ip, ends.interfaces)) return "lan";
  const isThroughRouter = ends.direction === "inbound"
    ? ownRouterLeads(ends)
    : peersRouterLeads(ends);
  return isIPv4(ip) && isPublic(ip) && isThroughRouter ? "mapped" : "direct";
}

/** Whether an address is of a network that this machine is in, or of this machine. A public IPv4 address is nobody's LAN. */
export function isNear(ip: string, interfaces: readonly InterfaceAddress[]): boolean {
  if (isLoopback(ip) || isLinkLocal(ip)) return true;
  if (isIPv4(ip) && isPublic(ip)) return interfaces.some(({ address }) => address === ip);
  return interfaces.some(({ address, netmask }) => isSameNetwork(ip, address, netmask));
}

/** A machine with a public address of its own needs no router to be dialled. */
function ownRouterLeads({ interfaces, isMapped }: NativeEnds): boolean {
  return isMapped && !interfaces.some(({ address }) => isIPv4(address) && isPublic(address));
}

/** A peer that tells a private address first has no public one, but by its router. */
function peersRouterLeads({ told: [first] }: NativeEnds): boolean {
  const ip = first === undefined ? "" : ipOf(first);
  return isIPv4(ip) && !isPublic(ip);
}
