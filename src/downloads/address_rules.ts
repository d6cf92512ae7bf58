import { BlockList, isIP } from "node:net";
import { addressBytes } from "../base/ip_address.ts";

/** Which servers may be asked: docs/trust.md. Tests put rules of their own in its place. */
export interface AddressRules {
  allowsUrl(url: URL): boolean;
  allowsAddress(address: string): boolean;
}

/** https only, and nothing that is on this machine, this network or reserved. */
export const PUBLIC_ONLY: AddressRules = {
  allowsUrl: (url) => url.protocol === "https:" && url.username === "" && url.password === "",
  allowsAddress: isPublicAddress,
};

/** IANA's special-purpose registry of IPv4, without what is globally reachable. */
const RESERVED_V4: readonly (readonly [network: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Of the global unicast range: special assignments, documentation, and 6to4, which wraps an IPv4 address. */
const RESERVED_V6: readonly (readonly [network: string, bits: number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const reserved = new BlockList();
for (const [network, bits] of RESERVED_V4) reserved.addSubnet(network, bits, "ipv4");
for (const [network, bits] of RESERVED_V6) reserved.addSubnet(network, bits, "ipv6");

const global = new BlockList();
global.addSubnet("2000::", 3, "ipv6");

/** NAT64 (RFC 6052): where a network has IPv6 only, its name server puts IPv4 addresses into the last bytes of these. */
const nat64 = new BlockList();
nat64.addSubnet("64:ff9b::", 96, "ipv6");

/** Whether an address is one of the public internet. A text that is no address is not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !reserved.check(address, "ipv4");
    case 6:
      if (nat64.check(address, "ipv6")) return isPublicAddress(translated(address));
      return global.check(address, "ipv6") && !reserved.check(address, "ipv6");
    default:
      return false;
  }
}

/** The IPv4 address that an address of NAT64 leads to. */
function translated(address: string): string {
  return addressBytes(address)?.slice(-4).join(".") ?? "";
}
