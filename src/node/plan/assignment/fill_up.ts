/** Work for members that do nothing: nobody misses it where they don't take it. Pure. */

import { isNear, type Member } from "../view.ts";
import { mayServe, refOf } from "./fits.ts";
import type { Gift } from "./places.ts";
import type { Waiting } from "./waiting.ts";

/** To wait with a model for more members: together they may have the memory. */
export function helpOf(member: Member, waiting: Waiting | undefined): Gift | undefined {
  if (waiting === undefined || member.refuses.includes(waiting.model.name)) return undefined;
  if (!waiting.group.some((one) => isNear(one, member))) return undefined;
  const { model } = waiting;
  return { name: model.name, model, reason: "memory", bytes: member.memoryBytes };
}

export function joinSplit(member: Member, forced: readonly Member[]): Gift | undefined {
  const models = forced.filter((one) => isNear(one, member))
    .flatMap(({ instances }) => instances.map(({ model }) => model))
    .filter(({ name }) => !member.refuses.includes(name));
  const model = models.sort((a, b) => a.name < b.name ? -1 : 1)[0];
  return model && { name: model.name, model, reason: "split", bytes: member.memoryBytes };
}

/** Of the models that the mesh serves or wants: on this disk, fitting, and served by the fewest. */
export function oneMore(
  member: Member,
  known: ReadonlySet<string>,
  counts: ReadonlyMap<string, number>,
): Gift | undefined {
  let best: { file: Member["models"][number]; count: number } | undefined;
  for (const file of member.models) {
    const { name } = file;
    if (!known.has(name) || !mayServe(member, file)) continue;
    const count = counts.get(name) ?? 0;
    const isBetter = best === undefined || count < best.count ||
      (count === best.count && name < best.file.name);
    if (isBetter) best = { file, count };
  }
  if (best === undefined) return undefined;
  const { name, needBytes: bytes } = best.file;
  return { name, model: refOf(best.file), reason: "spare", bytes };
}
