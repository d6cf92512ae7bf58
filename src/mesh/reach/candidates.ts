/** Addresses at which a node may be met: those that it tells, and those of a peer that are asked. Pure. */

import { addressBytes, isLinkLocal, isLoopback } from "../../base/ip_address.ts";
import { announceable, type InterfaceAddress, parseAddress } from "../base/addresses.ts";
import type { PeerId } from "../base/peer_id.ts";
import { FIRST_ASKED_PORT, MAX_CANDIDATES } from "./defaults.ts";
import { type UdpEnd, udpEnd } from "./udp_end.ts";

export interface OwnPlaces {
  readonly self: PeerId;
  readonly interfaces: readonly InterfaceAddress[];
  /** Of the socket that is asked and asks. */
  readonly port: number;
  /** Ends of the router that lead there. */
  readonly mapped: readonly UdpEnd[];
  /** Ends as others have seen them. */
  readonly observed: readonly UdpEnd[];
  /** @default `mayBeAsked` */
  readonly mayAsk?: (end: UdpEnd) => boolean;
}

/** The node's own, the likeliest first: an interface's lead to the same network, the router's to all others. */
export function ownCandidates(places: OwnPlaces): UdpEnd[] {
  const { interfaces, mapped, observed, port, self, mayAsk = mayBeAsked } = places;
  const near = announceable(interfaces, { port, peer: self })
    .flatMap((text) => parseAddress(text)?.ip ?? [])
    .map((ip) => udpEnd(ip, port));
  const far = [...mapped, ...observed];
  const room = MAX_CANDIDATES - new Set(far.map(({ key }) => key)).size;
  const all = [...near.slice(0, Math.max(room, MAX_CANDIDATES / 2)), ...far];
  const unique = new Map(all.map((end) => [end.key, end]));
  return [...unique.values()].filter(mayAsk).slice(0, MAX_CANDIDATES);
}

/** Whether an address means all machines of a network that this one is in: some sockets may send there. Pure. */
export function isForAll(ip: string, interfaces: readonly InterfaceAddress[]): boolean {
  const bytes = addressBytes(ip);
  if (bytes?.length !== 4) return false;
  return interfaces.some(({ address, netmask = "" }) => {
    const [own, mask] = [addressBytes(address), addressBytes(netmask)];
    if (own?.length !== 4 || mask?.length !== 4) return false;
    const isInside = mask.every((bits, at) => (bytes[at]! & bits) === (own[at]! & bits));
    const hostBits = mask.map((bits) => ~bits);
    const fills = (value: number) =>
      hostBits.every((bits, at) => (bytes[at]! & bits) === (value & bits));
    // The lowest address of a network is its older form. Networks of one or two machines have neither (RFC 3021).
    return isInside && hostBits.at(-1)! > 1 && (fills(0xff) || fills(0));
  });
}

/** Nothing that is meant for many, for nobody, or for this machine itself; and no port of the system's services. */
export function mayBeAsked({ ip, port }: UdpEnd): boolean {
  if (!Number.isInteger(port) || port < FIRST_ASKED_PORT || port > 65_535) return false;
  const bytes = addressBytes(ip);
  if (bytes === undefined || isLoopback(ip) || isLinkLocal(ip)) return false;
  const [first = 0] = bytes;
  // From 224 on: multicast, what is reserved, and the address of all.
  if (bytes.length === 4) return first !== 0 && first < 224;
  return first !== 0xff && bytes.some((byte) => byte !== 0);
}
