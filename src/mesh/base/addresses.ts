import { isLinkLocal, isLoopback, isPublic, isSharedSpace } from "../../base/ip_address.ts";
import { isIP, isIPv4, isIPv6 } from "node:net";
import { isPeerId } from "./keys.ts";
import type { PeerId } from "./peer_id.ts";

/** One place where a node listens. */
export interface Address {
  readonly ip: string;
  /** UDP. */
  readonly port: number;
  readonly peer: PeerId;
}

/** One address of one network interface of this machine; `Deno.networkInterfaces()` gives these. */
export interface InterfaceAddress {
  readonly name: string;
  readonly address: string;
  /** @default {none that is known} */
  readonly netmask?: string;
}

const ADDRESS = /^\/ip([46])\/([0-9a-fA-F.:]{2,45})\/udp\/(\d{1,5})\/quic-v1\/p2p\/(\w{10,64})$/;

/** Interfaces of container engines and virtual machines: other machines cannot reach them. */
const BRIDGE =
  /^(docker|br-|bridge|veth|virbr|vmnet|vboxnet|vnic|podman|nerdctl|cni|flannel|lxc|lxd|incus|cali|kube)/;

export function formatAddress({ ip, port, peer }: Address): string {
  return `/ip${isIPv4(ip) ? 4 : 6}/${ip}/udp/${port}/quic-v1/p2p/${peer}`;
}

/** `undefined` for what is not an address of this program: other transports, names, no PeerId. */
export function parseAddress(text: string): Address | undefined {
  const [, family, ip, portText, peer] = ADDRESS.exec(text) ?? [];
  if (ip === undefined || peer === undefined) return undefined;
  const port = Number(portText);
  if (isIP(ip) !== Number(family) || port < 1 || port > 65_535) return undefined;
  return isPeerId(peer) ? { ip, port, peer: peer as PeerId } : undefined;
}

/** Of `/ip4/192.168.1.4/udp/...`. */
export function ipOf(text: string): string {
  return text.split("/")[2] ?? "";
}

export interface Announcing {
  /** UDP. */
  readonly port: number;
  readonly peer: PeerId;
  /** The way in that the router leads to this node. @default {none} */
  readonly mapped?: Omit<Address, "peer"> | null;
}

/**
 * The addresses that a node with these interfaces announces: reachable ones only, if there are any. A token names the
 * first few of them: the best for its own network, then those for machines elsewhere, by IPv6 where it has that.
 */
export function announceable(
  interfaces: readonly InterfaceAddress[],
  { port, peer, mapped = null }: Announcing,
): string[] {
  const [best, ...others] = reachable(interfaces, mapped !== null);
  const elsewhere = others.find((ip) => isIPv6(ip) && isPublic(ip));
  const ips = [best, elsewhere, ...others.filter((ip) => ip !== elsewhere)].flatMap((ip) =>
    ip ?? []
  );
  const told = ips.map((ip) => formatAddress({ ip, port, peer }));
  if (mapped !== null) {
    told.splice(elsewhere === undefined ? 1 : 2, 0, formatAddress({ ...mapped, peer }));
  }
  return told;
}

/** The best first. Bridges and loopback lead no other machine here: they are told where there is nothing else. */
function reachable(interfaces: readonly InterfaceAddress[], isMapped: boolean): string[] {
  const usable = interfaces.filter(({ address }) => isIP(address) !== 0 && !isLinkLocal(address));
  const outside = usable.filter((entry) => !isLoopback(entry.address) && !isBridge(entry));
  const told = outside.length > 0 || isMapped ? outside : usable;
  return [...told].sort(byReach).map(({ address }) => address);
}

/** The order in which a peer's addresses are dialled: what worked last time, then as the peer ranks them, loopback last. */
export function dialOrder(addresses: readonly string[], lastGood: string | undefined): string[] {
  const rank = (text: string) => {
    if (text === lastGood) return 0;
    return isLoopback(parseAddress(text)?.ip ?? "") ? 2 : 1;
  };
  return [...new Set(addresses)].sort((a, b) => rank(a) - rank(b));
}

/** The addresses of a node for a token: those of one machine or one link only if no other address is known. */
export function invitable(addresses: readonly string[]): readonly string[] {
  const reachable = addresses.filter((text) => {
    const { ip = "" } = parseAddress(text) ?? {};
    return !isLoopback(ip) && !isLinkLocal(ip);
  });
  return reachable.length > 0 ? reachable : addresses;
}

/** Addresses by the peer that they lead to; what is no address is left out. */
export function groupByPeer(addresses: readonly string[]): Map<PeerId, string[]> {
  const groups = new Map<PeerId, string[]>();
  for (const text of addresses) {
    const peer = parseAddress(text)?.peer;
    if (peer !== undefined) groups.set(peer, [...groups.get(peer) ?? [], text]);
  }
  return groups;
}

function byReach(a: InterfaceAddress, b: InterfaceAddress): number {
  return loopbackLast(a, b) || bridgesLast(a, b) || overlaysLast(a, b) || ipv4First(a, b);
}

function loopbackLast(a: InterfaceAddress, b: InterfaceAddress): number {
  return Number(isLoopback(a.address)) - Number(isLoopback(b.address));
}

function bridgesLast(a: InterfaceAddress, b: InterfaceAddress): number {
  return Number(isBridge(a)) - Number(isBridge(b));
}

function overlaysLast(a: InterfaceAddress, b: InterfaceAddress): number {
  return Number(isSharedSpace(a.address)) - Number(isSharedSpace(b.address));
}

function ipv4First(a: InterfaceAddress, b: InterfaceAddress): number {
  return isIP(a.address) - isIP(b.address);
}

/** Whether it is of a container engine or a virtual machine. */
export function isBridge({ name }: InterfaceAddress): boolean {
  return BRIDGE.test(name);
}
