/** The work of a member, as it announces it. Pure. */

import type { Instance, ModelRef } from "../../../mesh/mod.ts";
import type { Member } from "../view.ts";

/** Most members run what they ran at the last plan. */
const known = new WeakMap<readonly Instance[], ReadonlySet<string>>();

/** The models that the member serves or loads. */
export function runningOf({ instances }: Pick<Member, "instances">): ModelRef[] {
  return instances.filter(isRunning).map(({ model }) => model);
}

export function isRunning({ state }: Instance): boolean {
  return state !== "waiting";
}

/** Their names. */
export function servedBy(member: Pick<Member, "instances">): string[] {
  return runningOf(member).map(({ name }) => name);
}

export function isWarm({ instances }: Member, name: string): boolean {
  return instances.some(({ model, state }) => model.name === name && state === "warm");
}

/** Whether its user has it there: the mesh has not asked for it. */
export function isPinned({ assignable, claims }: Member, name: string): boolean {
  return !assignable && !claims.some(({ model }) => model === name);
}

/** Requests that are answered at one time, of all that the member serves. */
export function askedOf(member: Member, demand: ReadonlyMap<string, number>): number {
  return servedBy(member).reduce((sum, name) => sum + (demand.get(name) ?? 0), 0);
}

/** One of an earlier version does one thing at a time; it is known by not saying what memory that takes. */
export function servesSeveral({ reservations, instances, obeys }: Member): boolean {
  return reservations.length > 0 || (!instances.some(isRunning) && obeys.length === 0);
}

/** The names of the models that it loads or serves. */
export function runningNames({ instances }: Pick<Member, "instances">): ReadonlySet<string> {
  const before = known.get(instances);
  if (before !== undefined) return before;
  const names = new Set(instances.filter(isRunning).map(({ model }) => model.name));
  known.set(instances, names);
  return names;
}
