/** Models that are asked for more than their instances can answer, and who is to help. */

import type { ModelRef } from "../../../mesh/mod.ts";
import { COLD_DEMAND, HOT_DEMAND } from "../defaults.ts";
import type { Member } from "../view.ts";
import type { Item, Place } from "./places.ts";
import { bestOf, type Edge, LEVELS } from "./placing.ts";
import { isWarm, runningOf, servedBy } from "./running.ts";
import type { Stock } from "./stock.ts";

/** Their names, the hottest first. While another instance loads, nobody knows whether it is enough. */
export function hotModels({ demand, providers }: Stock): string[] {
  const hot = [...demand].filter(([name, inFlight]) => {
    const serving = providers.get(name) ?? [];
    return serving.length > 0 && serving.every((one) => isWarm(one, name)) &&
      inFlight >= HOT_DEMAND * serving.length;
  });
  return hot.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([name]) => name);
}

/** A place that does nothing, else one that has room beside what it does, unless that is asked for as much. */
export function roomForHot(edges: readonly Edge[], hot: readonly string[]): Edge | undefined {
  const cool = edges.filter(({ place }) => !hot.some((name) => place.runs(name)));
  for (const level of [LEVELS.idle, LEVELS.room]) {
    const edge = bestOf(cool.filter(({ place, name }) => !place.runs(name)), level);
    if (edge !== undefined) return edge;
  }
  return undefined;
}

export interface Replica {
  readonly edge: Edge;
  /** The instance that ends for it. */
  readonly spare: Item;
}

/**
 * A replica that nobody would miss, of what is asked for least, on a node that has this model too. One that
 * was itself gained for a hot model is left to it until that is cold.
 */
export function spareReplica(
  edges: readonly Edge[],
  stock: Stock,
  places: readonly Place[],
): Replica | undefined {
  const isLeaving = (member: Member, name: string) =>
    places.some((place) => place.member === member && place.hasLeft(name));
  const asked = ({ spare }: Replica) => stock.demand.get(spare.name) ?? 0;
  const claims = ({ edge: { place, name } }: Replica) => Number(isClaimedHot(place.member, name));
  return edges.flatMap((edge) => sparesFor(edge).map((spare) => ({ edge, spare })))
    .filter(({ edge: { place: { member } }, spare: { name } }) =>
      !isClaimedHot(member, name) && canBeSpared(member, name, { stock, isLeaving })
    )
    .sort((a, b) =>
      // Of two that claim it the higher PeerId takes it, as everywhere.
      claims(b) - claims(a) || asked(a) - asked(b) ||
      (a.edge.place.member.peer > b.edge.place.member.peer ? -1 : 1)
    )[0];
}

function sparesFor({ place, name, model, bytes }: Edge): Item[] {
  if (model === null || place.runs(name)) return [];
  return place.spares.filter((spare) => spare.host === undefined && place.fits(bytes, [spare]));
}

/**
 * The models that a member took because they were hot and may leave: the others can answer what is still asked of them.
 * They leave one by one, the lowest PeerId first.
 */
export function cooledOf(self: Member, stock: Stock): ModelRef[] {
  return runningOf(self).filter(({ name }) => {
    if (!isClaimedHot(self, name)) return false;
    const first = stock.members.find((one) =>
      servedBy(one).includes(name) && isClaimedHot(one, name)
    );
    return first?.peer === self.peer &&
      canBeSpared(self, name, { stock, isLeaving: () => false });
  });
}

/** Whether the other instances of the model can answer what is asked of it. */
function canBeSpared(
  member: Member,
  name: string,
  { stock: { providers, demand }, isLeaving }: {
    readonly stock: Stock;
    readonly isLeaving: (member: Member, name: string) => boolean;
  },
): boolean {
  const others = (providers.get(name) ?? []).filter((one) =>
    one.peer !== member.peer && isWarm(one, name) && !isLeaving(one, name)
  );
  return others.length > 0 && (demand.get(name) ?? 0) <= COLD_DEMAND * others.length;
}

/** Taken, or about to be taken, because it is hot. */
function isClaimedHot({ claims }: Member, name: string): boolean {
  return claims.some(({ model, reason }) => reason === "hot" && model === name);
}
