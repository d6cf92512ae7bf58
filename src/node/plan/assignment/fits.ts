/** Whether a member could serve a model alone with all that it offers. Whether that is free is another matter. Pure. */

import type { Member } from "../view.ts";
import type { Downloadable } from "./assignments.ts";

/** Whether the member could serve what lies on its disk. */
export function mayServe(
  { memoryBytes, refuses }: Pick<Member, "memoryBytes" | "refuses">,
  { name, needBytes }: { readonly name: string; readonly needBytes: number },
): boolean {
  return needBytes <= memoryBytes && !refuses.includes(name);
}

/** A file that it has already and can't serve would not be another one once it was fetched again. */
export function mayDownload(member: Member, model: Downloadable): boolean {
  return model.sizeBytes <= member.downloadBytes && mayServe(member, model) &&
    !member.models.some(({ name }) => name === model.name);
}

/**
 * The part of these models that the catalog has. It knows sizes only; a node that has a file knows from its header how
 * much memory it takes at a context length, and if that is more, no other node downloads it for nothing.
 */
export function offersOf(
  names: ReadonlySet<string>,
  members: readonly Member[],
  catalog: readonly Downloadable[],
): Downloadable[] {
  const offered = catalog.filter(({ name }) => names.has(name));
  if (offered.length === 0) return [];
  const stated = new Map<string, number>();
  for (const { models } of members) {
    for (const { name, needBytes } of models) {
      stated.set(name, Math.min(needBytes, stated.get(name) ?? Infinity));
    }
  }
  return offered.map((model) => {
    const needBytes = Math.max(model.needBytes, stated.get(model.name) ?? 0);
    return { ...model, needBytes };
  });
}

export function refOf({ name, fingerprint }: { name: string; fingerprint: string }) {
  return { name, fingerprint };
}
