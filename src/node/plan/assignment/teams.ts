import { electHost, type ModelRef } from "../../../mesh/mod.ts";
import type { MemoryPools, MemoryUse } from "../../../models/mod.ts";
import { MAX_STANDBY_HELPERS, SPLIT_RTT_LIMIT_MS } from "../defaults.ts";
import { belongsTo, distanceMs, fileOf, isNear, type Member } from "../view.ts";

/** A member, and the memory that it could lend. */
export interface Lender {
  readonly member: Member;
  readonly pools: MemoryPools;
  /** It does nothing else. */
  readonly isIdle: boolean;
}

export interface TeamInput {
  readonly model: ModelRef;
  /** Those who are in it anyway: their users said so. */
  readonly group: readonly Lender[];
  /** Others who could be asked to help, and to host it where they hold the file. */
  readonly lenders: readonly Lender[];
  readonly needBytes: number;
}

/**
 * The members that are to help a model that fits nobody alone: just enough of those with free memory, those that already
 * help and then the nearest first, for their GPUs if those suffice. `undefined` if all of them together do not.
 */
export function callTeam(input: TeamInput): Lender[] | undefined {
  return teamOf(input, "gpu") ?? teamOf(input, "all");
}

/** The same for those who lend memory of that kind. */
export function teamOf(input: TeamInput, memory: MemoryUse): Lender[] | undefined {
  const { group, needBytes } = input;
  const holder = hostOf(input, memory);
  if (holder === undefined) return undefined;
  const team = group.includes(holder) ? [] : [holder];
  const counted = [
    holder,
    ...group.filter((one) => one !== holder && isNear(holder.member, one.member)),
  ];
  let haveBytes = counted.reduce((sum, one) => sum + bytesOf(one, memory), 0);
  for (const helper of helpersOf(holder, input, memory)) {
    if (haveBytes >= needBytes) break;
    if (!isWorthIt(helper, { ...input, memory, missingBytes: needBytes - haveBytes })) continue;
    team.push(helper);
    haveBytes += bytesOf(helper, memory);
  }
  return haveBytes >= needBytes ? team : undefined;
}

function helpersOf(
  holder: Lender,
  { model, lenders }: TeamInput,
  memory: MemoryUse,
): Lender[] {
  return lenders
    .filter((one) => one !== holder && bytesOf(one, memory) > 0)
    .filter(({ member }) => isNear(holder.member, member) && !member.refuses.includes(model.name))
    .sort((a, b) =>
      helpsFirst(model, a.member, b.member) || nearFirst(holder.member, a.member, b.member)
    );
}

/** A machine that does something else is not disturbed for a crumb. */
function isWorthIt(
  { member, pools, isIdle }: Lender,
  { model, memory, missingBytes }: TeamInput & { memory: MemoryUse; missingBytes: number },
): boolean {
  if (isIdle || belongsTo(member, model)) return true;
  return bytesOf({ pools }, memory) * MAX_STANDBY_HELPERS >= missingBytes;
}

/** The group's own host, else one that holds the file: who is at it already, then by election. */
function hostOf({ model, group, lenders }: TeamInput, memory: MemoryUse): Lender | undefined {
  const own = group.filter(({ member }) => fileOf(member, model) !== undefined);
  if (own.length > 0) return elect(own, memory);
  const holders = lenders.filter(({ member }) =>
    fileOf(member, model) !== undefined && !member.refuses.includes(model.name)
  );
  const atIt = holders.filter(({ member }) => belongsTo(member, model));
  return elect(atIt.length > 0 ? atIt : holders, memory);
}

/** The one with the most memory of that kind to lend. */
function elect(candidates: readonly Lender[], memory: MemoryUse): Lender | undefined {
  const host = electHost(candidates.map((one) => ({
    peer: one.member.peer,
    memoryBytes: bytesOf(one, memory),
  })));
  return candidates.find(({ member }) => member.peer === host);
}

function bytesOf({ pools }: Pick<Lender, "pools">, memory: MemoryUse): number {
  return memory === "gpu" ? pools.gpuBytes : pools.memoryBytes;
}

function helpsFirst(model: ModelRef, a: Member, b: Member): number {
  return Number(belongsTo(b, model)) - Number(belongsTo(a, model));
}

function nearFirst(host: Member, a: Member, b: Member): number {
  const [left, right] = [a, b].map((member) => distanceMs(host, member) ?? SPLIT_RTT_LIMIT_MS);
  return (left ?? 0) - (right ?? 0) || (a.peer < b.peer ? -1 : 1);
}
