import type { ModelRef } from "../../../mesh/mod.ts";
import type { MemoryUse } from "../../../models/mod.ts";
import { SPLIT_RTT_LIMIT_MS } from "../defaults.ts";
import { elect } from "../elect.ts";
import { bytesOf } from "../pools.ts";
import { belongsTo, distanceMs, fileOf, isNear, type Member } from "../view.ts";

export interface TeamInput {
  readonly model: ModelRef;
  /** Those who are in it anyway: their users said so. */
  readonly group: readonly Member[];
  /** Those who could be asked to help. */
  readonly idle: readonly Member[];
  /** Those of them who hold the file. */
  readonly holders: readonly Member[];
  readonly needBytes: number;
}

/**
 * The members that are to help a model that fits nobody alone: just enough of the free ones, those that already help
 * and then the nearest first, for their GPUs if those suffice. `undefined` if all of them together do not.
 */
export function callTeam(input: TeamInput): Member[] | undefined {
  return teamOf(input, "gpu") ?? teamOf(input, "all");
}

/** The same for those who lend memory of that kind. */
export function teamOf(input: TeamInput, memory: MemoryUse): Member[] | undefined {
  const { model, group, idle, needBytes } = input;
  const holder = hostOf(input, memory);
  if (holder === undefined) return undefined;
  const team = group.includes(holder) ? [] : [holder];
  const counted = [holder, ...group.filter((member) => isNear(holder, member))];
  let haveBytes = counted.reduce((sum, member) => sum + bytesOf(member, memory), 0);
  const helpers = idle
    .filter((member) => bytesOf(member, memory) > 0 && isNear(holder, member))
    .filter((member) => !member.refuses.includes(model.name))
    .sort((a, b) => helpsFirst(model, a, b) || nearFirst(holder, a, b));
  for (const helper of helpers) {
    if (haveBytes >= needBytes) break;
    team.push(helper);
    haveBytes += bytesOf(helper, memory);
  }
  return haveBytes >= needBytes ? team : undefined;
}

/** The group's own host, else an idle one that holds the file: who is at it already, then by election. */
function hostOf(
  { model, group, holders }: TeamInput,
  memory: MemoryUse,
): Member | undefined {
  const own = group.filter((member) => fileOf(member, model) !== undefined);
  const others = holders.filter((member) => !member.refuses.includes(model.name));
  const atIt = others.filter((member) => belongsTo(member, model));
  const candidates = own.length > 0 ? own : atIt.length > 0 ? atIt : others;
  return elect(candidates, memory);
}

function helpsFirst(model: ModelRef, a: Member, b: Member): number {
  return Number(belongsTo(b, model)) - Number(belongsTo(a, model));
}

function nearFirst(host: Member, a: Member, b: Member): number {
  const [left, right] = [a, b].map((member) => distanceMs(host, member) ?? SPLIT_RTT_LIMIT_MS);
  return (left ?? 0) - (right ?? 0) || (a.peer < b.peer ? -1 : 1);
}
