/** Models that wait for memory although a user has told a machine to serve them. */

import type { ModelRef } from "../../../mesh/mod.ts";
import { belongsTo, instanceOf, type Member, modelKey, sameModel } from "../view.ts";
import { isPinned, runningOf } from "./running.ts";

export interface Waiting {
  readonly model: ModelRef;
  /** The members whose users want it there, and that have no part in it yet. */
  readonly group: readonly Member[];
}

/** By name and fingerprint. */
export function waitingModels(members: readonly Member[]): Waiting[] {
  const models = new Map<string, ModelRef>();
  for (const { model, state } of members.flatMap(({ instances }) => instances)) {
    if (state === "waiting") models.set(modelKey(model), model);
  }
  return [...models.values()]
    .sort((a, b) => order(a) < order(b) ? -1 : 1)
    .map((model) => ({ model, group: groupOf(model, members) }))
    .filter(({ group }) => group.length > 0);
}

function order({ name, fingerprint }: ModelRef): string {
  return `${name}\n${fingerprint}`;
}

function groupOf(model: ModelRef, members: readonly Member[]): Member[] {
  const lent = new Set(
    members.flatMap((member) => instanceOf(member, model)?.workers.map(({ peer }) => peer) ?? []),
  );
  return members.filter((member) =>
    belongsTo(member, model) && isPinned(member, model.name) && !lent.has(member.peer) &&
    !runningOf(member).some((one) => sameModel(one, model))
  );
}
