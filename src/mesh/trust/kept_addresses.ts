/**
 * The addresses that a node keeps in its data directory to start from: those of living members, and those of nodes of
 * which it only knows an address. Half of the places are for the latter: a token's peer that was never reached may be
 * in another half of the mesh, and nobody else would ever look for it. Pure.
 */
export function keptAddresses(
  living: readonly string[],
  strangers: readonly string[],
  max: number,
): string[] {
  const places = max - Math.min(strangers.length, Math.floor(max / 2));
  return [...new Set([...living.slice(0, places), ...strangers])].slice(0, max);
}
