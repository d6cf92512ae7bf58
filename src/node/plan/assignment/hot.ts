/** Models that are asked for more than their instances can answer, and who is to help. */

import { COLD_DEMAND, HOT_DEMAND } from "../defaults.ts";
import type { Member } from "../view.ts";
import { holdsFitting } from "./gaps.ts";
import { askedOf, isWarm, servedBy, type Stock } from "./stock.ts";
import type { Assignments } from "./assignments.ts";

/** Their names, the hottest first. While another instance loads, nobody knows whether it is enough. */
export function hotModels({ demand, providers }: Stock): string[] {
  const hot = [...demand].filter(([name, inFlight]) => {
    const serving = providers.get(name) ?? [];
    return serving.length > 0 && serving.every((one) => isWarm(one, name)) &&
      inFlight >= HOT_DEMAND * serving.length;
  });
  return hot.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([name]) => name);
}

/**
 * A replica that nobody would miss, of what is asked for least, on a node that has this model too. One that
 * was itself gained for a hot model is left to it until that is cold.
 */
export function spareReplica(
  name: string,
  stock: Stock,
  assignments: Assignments,
): Member | undefined {
  const asked = (member: Member) => askedOf(member, stock.demand);
  const claims = (member: Member) => Number(isClaimedHot(member, name));
  return stock.members.filter((member) =>
    stock.roles.get(member.peer) === "spare" && !assignments.has(member.peer) &&
    !servedBy(member).some((served) => isClaimedHot(member, served)) &&
    holdsFitting(member, name) &&
    canBeSpared(member, stock, assignments)
  ).sort((a, b) =>
    // Of two that claim it the higher PeerId takes it, as everywhere.
    claims(b) - claims(a) || asked(a) - asked(b) || (a.peer > b.peer ? -1 : 1)
  )[0];
}

/**
 * Whether a member that took a hot model may leave it: the others can answer what is still asked. They
 * leave one by one, the lowest PeerId first.
 */
export function isNoLongerNeeded(self: Member, stock: Stock): boolean {
  const name = servedBy(self).find((served) => isClaimedHot(self, served));
  if (name === undefined) return false;
  const first = stock.members.find((one) =>
    servedBy(one).includes(name) && isClaimedHot(one, name)
  );
  return first?.peer === self.peer && canBeSpared(self, stock, new Map());
}

/** Whether the other instances of all that the member serves can answer what is asked of it. */
function canBeSpared(
  member: Member,
  { providers, demand }: Stock,
  leaving: Assignments,
): boolean {
  return servedBy(member).every((name) => {
    const others = (providers.get(name) ?? []).filter((one) =>
      one.peer !== member.peer && isWarm(one, name) && !leaving.has(one.peer)
    );
    return others.length > 0 && (demand.get(name) ?? 0) <= COLD_DEMAND * others.length;
  });
}

/** Taken, or about to be taken, because it is hot. */
function isClaimedHot({ claims }: Member, name: string): boolean {
  return claims.some(({ model, reason }) => reason === "hot" && model === name);
}
