/** Chooses the unproven connection that has to go when there are too many of them. Pure. */

import { siteOf } from "../../base/ip_address.ts";

/** The part of an address that a flood can't have many of: an IPv4 address, an IPv6 site, or the member that relays it. */
export function sourceOf(remoteAddress: string): string {
  const [, relay] = /^\/p2p\/(\w+)\/p2p-circuit/.exec(remoteAddress) ?? [];
  if (relay !== undefined) return relay;
  const [, address] = /^\/(?:ip6zone\/[^/]+\/)?(?:ip4|ip6)\/([^/]+)/.exec(remoteAddress) ?? [];
  return address === undefined ? remoteAddress : siteOf(address);
}

/**
 * The connection that makes room for a newcomer: of the source with the most, the newcomer's counted too, the one that
 * has waited longest. So a flood from a few sources takes places from itself, and one from a shared address still
 * leaves each newcomer the time that all places take to fill.
 * @param waiting the longest first.
 * @returns `undefined` if nobody waits.
 */
export function yieldingOf<T extends { readonly source: string }>(
  waiting: Iterable<T>,
  newcomer: string,
): T | undefined {
  const all = [...waiting];
  const counts = new Map([[newcomer, 1]]);
  for (const { source } of all) counts.set(source, (counts.get(source) ?? 0) + 1);
  const counted = all.map(({ source }) => counts.get(source) ?? 0);
  return all[counted.indexOf(Math.max(...counted))];
}
