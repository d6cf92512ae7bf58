/** Machines of one mesh with different versions of this program, and which of them to update. Pure. */

import { compareReleases } from "./release_versions.ts";

export interface VersionedMachine {
  readonly name: string;
  readonly version: string;
}

/** Of many machines, and of many versions, the first are named: as much as one reads. */
const NAMES_SHOWN = 5;

/**
 * Nodes of different versions work together, so it is nothing but a hint. The newest version that is there decides.
 * @param own version of this machine
 * @returns `null` where all have the same
 */
export function differingVersions(
  own: string,
  others: readonly VersionedMachine[],
): { readonly found: string; readonly remedy: string } | null {
  const different = others.filter(({ version }) => version !== own);
  if (different.length === 0) return null;
  const versions = [...new Set(different.map(({ version }) => version))]
    .sort((a, b) => compareReleases(b, a));
  const [newest = own] = [...versions, own].sort((a, b) => compareReleases(b, a));
  const groups = versions.map((one) =>
    `${one} on ${listed(different.filter(({ version }) => version === one).map(nameOf))}`
  );
  const behind = others.filter(({ version }) => version !== newest).map(nameOf);
  const places = own === newest ? behind : ["this machine", ...behind];
  return {
    found: `mesh-llm is ${own} here, ${listed(groups)}`,
    remedy:
      `Run mesh-llm update on ${
        listed(places)
      }, to ${newest}: until then all go on with what both ` +
      "versions know",
  };
}

function nameOf({ name }: VersionedMachine): string {
  return name;
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
