/** The network that an IP address leads to. Pure. */

import { isIP } from "node:net";
import { parseIP } from "@chainsafe/is-ip/parse";

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** A site has all addresses of such a network (RFC 6177): what is below is its owner's to choose. */
const SITE_BYTES = 8;

/**
 * The bytes of an address, 4 or 16; `undefined` for anything else. An IPv4 address that is written in IPv6, as a socket
 * for both has it, is the IPv4 address.
 */
export function addressBytes(address: string): Uint8Array | undefined {
  // The parser alone also takes `1:2:3::4:5:6:127.0.0.1`, which has no room for its `::`.
  const bytes = isIP(address) === 0 ? undefined : parseIP(address);
  const isMapped = bytes?.length === 16 && MAPPED_PREFIX.every((byte, at) => bytes[at] === byte);
  return isMapped ? bytes.subarray(MAPPED_PREFIX.length) : bytes;
}

/** Whether a name or an address, in brackets or not, leads to this machine only. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  const bytes = addressBytes(host.replace(/^\[(.*)\]$/, "$1"));
  if (bytes?.length === 4) return bytes[0] === 127;
  return bytes !== undefined && bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

/** Whether an address counts on one link only: it needs a zone to be dialled, which means nothing on another machine. */
export function isLinkLocal(address: string): boolean {
  const [first, second = 0, ...others] = addressBytes(address) ?? [];
  if (others.length === 2) return first === 169 && second === 254;
  return first === 0xfe && (second & 0xc0) === 0x80;
}

/** 100.64.0.0/10, where overlay networks live: reachable for few, and slower than the LAN below them. */
export function isSharedSpace(address: string): boolean {
  const [first, second = 0, ...others] = addressBytes(address) ?? [];
  return others.length === 2 && first === 100 && (second & 0xc0) === 64;
}

/** Whether an address counts in the whole internet, as far as its number says: not in one network, machine or group only. */
export function isPublic(address: string): boolean {
  const [first = 0, second = 0, ...others] = addressBytes(address) ?? [];
  if (others.length === 0 || isLoopback(address) || isLinkLocal(address)) return false;
  // 2000::/3 is all that was ever given out (RFC 4291, RFC 3513).
  if (others.length > 2) return first >> 5 === 1;
  const isOfOneNetwork = first === 10 || (first === 172 && second >> 4 === 1) ||
    (first === 192 && second === 168) || isSharedSpace(address);
  return first !== 0 && first < 224 && !isOfOneNetwork;
}

/** Networks of homes and offices are as large as this where nothing else is known. */
const USUAL_NETMASK = { 4: "255.255.255.0", 16: "ffff:ffff:ffff:ffff::" } as const;

/** Whether two addresses are of one network. @param netmask by default as networks usually have */
export function isSameNetwork(a: string, b: string, netmask?: string): boolean {
  const [one, other] = [addressBytes(a), addressBytes(b)];
  if (one === undefined || other === undefined || one.length !== other.length) return false;
  const mask = addressBytes(netmask ?? USUAL_NETMASK[one.length as 4 | 16]);
  return mask?.length === one.length &&
    one.every((byte, at) => ((byte ^ (other[at] ?? 0)) & (mask[at] ?? 0)) === 0);
}

/**
 * The part of an address that one owner can't have many of: an IPv4 address, of IPv6 a site's network. A text that is
 * no address stays as it is.
 */
export function siteOf(address: string): string {
  const bytes = addressBytes(address);
  if (bytes === undefined) return address;
  if (bytes.length === 4) return bytes.join(".");
  const view = new DataView(bytes.buffer, bytes.byteOffset, SITE_BYTES);
  return [0, 2, 4, 6].map((at) => view.getUint16(at).toString(16)).join(":");
}
