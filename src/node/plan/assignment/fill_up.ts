/** Work for members that do nothing, or have room for it: nobody misses it where they don't take it. Pure. */

import type { Instance } from "../../../mesh/mod.ts";
import { MAX_STANDBY_HELPERS } from "../defaults.ts";
import { belongsTo, isNear, type Member } from "../view.ts";
import { mayServe, refOf } from "./fits.ts";
import type { Gift, Place } from "./places.ts";
import { isRunning } from "./running.ts";
import type { Waiting } from "./waiting.ts";

/** To wait with a model for more members: together they may have the memory. */
export function helpOf(member: Member, waiting: Waiting | undefined): Gift | undefined {
  if (waiting === undefined || member.refuses.includes(waiting.model.name)) return undefined;
  if (!waiting.group.some((one) => isNear(one, member))) return undefined;
  const { model } = waiting;
  return { name: model.name, model, reason: "memory", bytes: member.memoryBytes };
}

/** A model that somebody has split, and the member that serves it or waits with it. */
export interface ForcedSplit {
  readonly host: Member;
  readonly instance: Instance;
}

/** By name. Whichever of its machines forces a split, the others are in it too. */
export function forcedSplits(members: readonly Member[]): ForcedSplit[] {
  const forcing = members.filter(({ split }) => split);
  if (forcing.length === 0) return [];
  const forced = members.flatMap((host) =>
    host.instances.filter(({ model }) => forcing.some((one) => belongsTo(one, model)))
      .map((instance) => ({ host, instance }))
  );
  return forced.sort((a, b) => a.instance.model.name < b.instance.model.name ? -1 : 1);
}

/**
 * Part in a forced split, for a member that does nothing or has room beside what it does: the host makes its share of it
 * as large as its memory is. It is not disturbed for a crumb, nor for a model that waits for more than there is.
 */
export function joinSplit(place: Place, { host, instance }: ForcedSplit): Gift | undefined {
  const { member, isIdle } = place;
  const { model, needBytes, workers } = instance;
  const isIn = host === member || workers.some(({ peer }) => peer === member.peer);
  if (isIn || place.has(model.name) || member.refuses.includes(model.name)) return undefined;
  const { memoryBytes } = place.roomWithout([]);
  const isWorthIt = isIdle ||
    (isRunning(instance) && memoryBytes * MAX_STANDBY_HELPERS >= needBytes);
  if (memoryBytes === 0 || !isWorthIt || !isNear(host, member)) return undefined;
  return { name: model.name, model, reason: "split", bytes: 0 };
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
