import { isIPv4 } from "node:net";
import type { UdpEnd } from "./udp_end.ts";

/**
 * Whether a router gives one socket another port for each peer: then nobody can be told where it is met. Peers that saw
 * it at one address and different ports prove it. Pure.
 */
export function givesNewPorts(seen: readonly Pick<UdpEnd, "ip" | "port">[]): boolean {
  const byAddress = Map.groupBy(seen.filter(({ ip }) => isIPv4(ip)), ({ ip }) => ip);
  return [...byAddress.values()].some((ends) => new Set(ends.map(({ port }) => port)).size > 1);
}
