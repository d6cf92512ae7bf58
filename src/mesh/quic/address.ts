import { networkInterfaces } from "node:os";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { IPV4, IPV6, type SocketFamily } from "./native.ts";

export interface QuicAddress {
  readonly family: SocketFamily;
  readonly host: string;
  readonly port: number;
  /** The peer that is expected there. */
  readonly peer: string | undefined;
}

/** `/ip4|ip6/…/udp/…/quic-v1`, with or without `/p2p/…`; `undefined` for any other address. */
export function parseQuicAddress(address: Multiaddr): QuicAddress | undefined {
  const [ip, udp, quic, p2p, ...rest] = address.getComponents();
  if (ip?.name !== "ip4" && ip?.name !== "ip6") return undefined;
  if (udp?.name !== "udp" || quic?.name !== "quic-v1" || rest.length > 0) return undefined;
  if (p2p !== undefined && p2p.name !== "p2p") return undefined;
  return {
    family: ip.name === "ip4" ? IPV4 : IPV6,
    host: String(ip.value),
    port: Number(udp.value),
    peer: p2p?.value,
  };
}

export function isQuicAddress(address: Multiaddr): boolean {
  return parseQuicAddress(address) !== undefined;
}

/** The addresses at which a listener can be reached: one that listens everywhere has an address on each interface. */
export function listenAddresses(
  { family, host, port }: Pick<QuicAddress, "family" | "host" | "port">,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): Multiaddr[] {
  const protocol = family === IPV4 ? "ip4" : "ip6";
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const hosts = isEverywhere ? addressesOf(interfaces, family === IPV4 ? "IPv4" : "IPv6") : [host];
  return hosts.map((one) => multiaddr(`/${protocol}/${one}/udp/${port}/quic-v1`));
}

function addressesOf(interfaces: ReturnType<typeof networkInterfaces>, family: string): string[] {
  return Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter((one) => one.family === family)
    .map((one) => one.address);
}
