/** Whose unproven connection has to go when there are too many of them. Pure. */

/** Groups of an IPv6 address that a site has in common (RFC 6177): what is below is its owner's to choose. */
const SITE_GROUPS = 4;

const GROUPS = 8;

/** The part of an address that a flood can't have many of: an IPv4 address, or an IPv6 site. */
export function sourceOf(remoteAddress: string): string {
  const [, ip, address = ""] = /^\/(?:ip6zone\/[^/]+\/)?(ip4|ip6)\/([^/]+)/.exec(remoteAddress) ??
    [];
  if (ip === undefined) return remoteAddress;
  return ip === "ip4" ? address : siteOf(address);
}

/**
 * The connection that makes room for a newcomer: of the source with the most, the newcomer's counted too, the one that
 * has waited longest. So a flood from a few sources takes places from itself, and one from a shared address still
 * leaves each newcomer the time that all places take to fill.
 * @param waiting the longest first.
 * @returns `undefined` if nobody waits.
 */
export function whoYields<T extends { readonly source: string }>(
  waiting: Iterable<T>,
  newcomer: string,
): T | undefined {
  const all = [...waiting];
  const counts = new Map([[newcomer, 1]]);
  for (const { source } of all) counts.set(source, (counts.get(source) ?? 0) + 1);
  const counted = all.map(({ source }) => counts.get(source) ?? 0);
  return all[counted.indexOf(Math.max(...counted))];
}

function siteOf(address: string): string {
  const sides = address.split("::").map((side) => side === "" ? [] : side.split(":"));
  const [head = [], tail] = sides;
  const missing = tail === undefined ? 0 : GROUPS - head.length - tail.length;
  const groups = [...head, ...Array<string>(Math.max(0, missing)).fill("0"), ...tail ?? []];
  return groups.slice(0, SITE_GROUPS).map((group) => Number.parseInt(group, 16).toString(16)).join(
    ":",
  );
}
