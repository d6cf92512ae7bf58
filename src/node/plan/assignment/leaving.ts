/** The instances that end so that several members can serve one model together. Pure. */

import type { Item, Place } from "./places.ts";
import { announcedMs } from "./placing.ts";

/** An instance that may end, wherever it has memory. */
interface Unit {
  readonly key: string;
  readonly askedAtMs: number;
  readonly demand: number;
}

/** By place, what has to leave it. */
export type Leaving = ReadonlyMap<Place, readonly Item[]>;

/**
 * Of the instances that may end those that make room, the ones that have been idle longest: a split that ends frees memory
 * of all its members. `undefined` if not even all of them do.
 * @param teamWith the places that serve it together once these have left, where they can
 */
export function leastLeaving(
  places: readonly Place[],
  demand: ReadonlyMap<string, number>,
  teamWith: (leaving: Leaving) => readonly Place[] | undefined,
): Leaving | undefined {
  const units = unitsOf(places, demand);
  const leavingOf = (chosen: readonly Unit[]): Leaving => {
    const keys = new Set(chosen.map(({ key }) => key));
    return new Map(places.map((place) => [place, itemsOf(place, keys)]));
  };
  const does = (chosen: readonly Unit[]) => teamWith(leavingOf(chosen)) !== undefined;
  if (!does(units)) return undefined;
  let [least, most] = [0, units.length];
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (does(units.slice(0, middle))) most = middle;
    else least = middle + 1;
  }
  const first = units.slice(0, most);
  const team = teamWith(leavingOf(first)) ?? [];
  const used = new Set(team.flatMap((place) => place.spares.map((item) => keyOf(place, item))));
  let chosen = first.filter(({ key }) => used.has(key));
  for (const unit of chosen.toReversed()) {
    const others = chosen.filter((one) => one !== unit);
    if (does(others)) chosen = others;
  }
  return does(chosen) ? leavingOf(chosen) : leavingOf(first);
}

/** Those that have been idle longest come first. */
function unitsOf(places: readonly Place[], demand: ReadonlyMap<string, number>): Unit[] {
  const units = new Map<string, Unit>();
  for (const place of places) {
    for (const item of place.spares) {
      const key = keyOf(place, item);
      const askedAtMs = announcedMs(item.askedAtMs ?? 0);
      units.set(key, { key, askedAtMs, demand: demand.get(item.name) ?? 0 });
    }
  }
  return [...units.values()].sort((a, b) =>
    a.demand - b.demand || a.askedAtMs - b.askedAtMs || (a.key < b.key ? -1 : 1)
  );
}

/** All shares of a split are one instance. */
function keyOf(place: Place, { name, model, host = place.member.peer }: Item): string {
  return JSON.stringify([name, model?.fingerprint ?? "", host]);
}

function itemsOf(place: Place, keys: ReadonlySet<string>): Item[] {
  return place.spares.filter((item) => keys.has(keyOf(place, item)));
}
