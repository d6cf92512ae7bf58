import { isIPv4 } from "node:net";
import { isLoopback } from "../../base/ip_address.ts";
import { type InterfaceAddress, isBridge } from "../base/addresses.ts";
import { MAX_LAN_INTERFACES } from "./defaults.ts";

/**
 * The addresses on which others are looked for: all of IPv4 but loopback, those of bridges too, for another node may be
 * in a container there. If they are too many, real networks come first. Pure.
 */
export function lanInterfaces(interfaces: readonly InterfaceAddress[]): string[] {
  const usable = interfaces.filter(({ address }) => isIPv4(address) && !isLoopback(address));
  const ordered = usable.toSorted((a, b) => Number(isBridge(a)) - Number(isBridge(b)));
  return [...new Set(ordered.map(({ address }) => address))].slice(0, MAX_LAN_INTERFACES);
}
