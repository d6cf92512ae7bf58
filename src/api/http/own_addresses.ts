/** The addresses under which a port that listens can be reached. Pure. */

import { isLinkLocal, isLoopback } from "../../base/ip_address.ts";
import { OWN_ADDRESSES_MAX } from "../base/defaults.ts";

export interface OwnAddress {
  /** Without a trailing slash. */
  readonly url: string;
  /** The interface of the network that it belongs to; `null` for this machine itself, or a name. */
  readonly on: string | null;
}

/** An address of this machine. */
export interface InterfaceAddress {
  readonly name: string;
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
}

/**
 * The one of this machine itself first, where there is one.
 * @param bound the address or name that the port was bound to
 * @param url that works on this machine
 */
export function ownAddresses(
  bound: string,
  url: string,
  interfaces: readonly InterfaceAddress[],
): OwnAddress[] {
  const all = boundTo(bound);
  if (all === null) {
    const on = interfaces.find(({ address }) => address === bound)?.name ?? null;
    return [{ url, on: isLoopback(bound) ? null : on }];
  }
  const { port } = new URL(url);
  // A link-local address means nothing without its link.
  const others = interfaces.filter(({ family, address }) =>
    all.includes(family) && !isLoopback(address) && !isLinkLocal(address)
  );
  const reached = others.toSorted((a, b) => a.family < b.family ? -1 : a.family > b.family ? 1 : 0)
    .map(({ name, family, address }) => ({
      url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
      on: name,
    }));
  return [{ url, on: null }, ...reached].slice(0, OWN_ADDRESSES_MAX);
}

/** The families that come in at a wildcard; `null` for one address. */
function boundTo(bound: string): readonly InterfaceAddress["family"][] | null {
  if (bound === "0.0.0.0") return ["IPv4"];
  return bound === "::" ? ["IPv4", "IPv6"] : null;
}
