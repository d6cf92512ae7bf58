/** Whether a node may begin with one more model: beside those that it has, and one load after the other. Pure. */

import type { OfferedMemory } from "../../engine/mod.ts";
import { laidOut, mayBegin, ownBytes } from "../plan/own_room.ts";
import { added, type DeviceBytes, named, without } from "../plan/packing.ts";
import type { Plan } from "../plan/plan.ts";
import { isMainMemory, type Offer } from "../plan/pools.ts";
import { serves } from "../plan/transition.ts";
import type { View } from "../plan/view.ts";
import { heldBy } from "./held_memory.ts";
import { idleJob, type Job } from "./job.ts";

/** The other jobs of a node. */
export interface Beside {
  readonly running: readonly Job[];
  /** Those that are being stopped, or are to be. */
  readonly ending: readonly Job[];
}

/** The memory that the jobs which go on leave of what is offered. */
export function freeBeside({ running, ending }: Beside, memory: OfferedMemory): OfferedMemory {
  const held = heldBy([...running, ...ending], devicesOf(memory)).slice(0, running.length);
  return lessOf(memory, held);
}

/** The same without what these jobs may keep of conversations: a llama-server gives none of that back. */
export function lessKept(memory: OfferedMemory, jobs: readonly Job[]): OfferedMemory {
  const bytes = jobs.reduce((sum, { keptBytes = 0 }) => sum + keptBytes, 0);
  const main = devicesOf(memory).find(isMainMemory);
  return main === undefined ? memory : lessOf(memory, [new Map([[main.name, bytes]])]);
}

/**
 * The memory that a plan may fill with what it can do without: all that is free, but for what other plans are to take of the
 * rest that it leaves.
 */
export function leftAfter(
  plan: Plan,
  later: readonly Plan[],
  { memory, view }: Pick<Place, "memory" | "view">,
): OfferedMemory {
  const devices = devicesOf(memory);
  let left = without(devices, partsOf(plan, devices, view));
  const claimed: DeviceBytes[] = [];
  for (const one of later) {
    const parts = partsOf(one, left, view);
    claimed.push(parts);
    left = without(left, parts);
  }
  return lessOf(memory, claimed);
}

function partsOf(plan: Plan, devices: readonly Offer[], view: View): DeviceBytes {
  return named(laidOut(ownBytes(view, plan), plan.kind, devices), devices);
}

function lessOf(memory: OfferedMemory, held: readonly DeviceBytes[]): OfferedMemory {
  const used = held.flatMap((one) => [...one.values()]).reduce((sum, bytes) => sum + bytes, 0);
  const devices = without(memory.devices, added(...held));
  return { devices, memoryBytes: Math.max(0, memory.memoryBytes - used) };
}

export interface Place {
  readonly beside: Beside;
  readonly memory: OfferedMemory;
  readonly view: View;
}

export function mayStart(plan: Plan, { beside, memory, view }: Place): boolean {
  const jobs = [...beside.running, ...beside.ending];
  if (serves(plan) && jobs.some(({ isLoading }) => isLoading)) return false;
  const bytes = ownBytes(view, plan);
  // A model that is larger than the machine fails by itself, with a reason.
  if (bytes === 0 || jobs.every(({ usedBytes }) => usedBytes === 0)) return true;
  const devices = devicesOf(memory);
  const held: readonly DeviceBytes[] = heldBy(jobs, devices);
  const running = held.slice(0, beside.running.length);
  return mayBegin(plan, bytes, { devices, running, ending: held.slice(running.length) });
}

/**
 * The jobs that are to give back what they can do without, so that a plan may start: as few as are enough, those with the
 * most first; none where all together are not.
 */
export function giversFor(plan: Plan, place: Place): Job[] {
  const { running } = place.beside;
  const bytesOf = ({ spare = {} }: Job) =>
    Object.values(spare).reduce((sum, bytes) => sum + bytes, 0);
  const able = running.filter((job) => bytesOf(job) > 0 && !job.isLoading)
    .sort((a, b) => bytesOf(b) - bytesOf(a));
  const startsAfter = (givers: readonly Job[]) => {
    const left = running.map((job) => givers.includes(job) ? withoutSpare(job) : job);
    return mayStart(plan, { ...place, beside: { ...place.beside, running: left } });
  };
  const single = able.toReversed().find((job) => startsAfter([job]));
  if (single !== undefined) return [single];
  const count = able.findIndex((_, index) => startsAfter(able.slice(0, index + 1)));
  return count === -1 ? [] : able.slice(0, count + 1);
}

function withoutSpare(job: Job): Job {
  const { placed = {}, spare = {} } = job;
  const kept = Object.entries(placed).map(([name, bytes]) => [name, bytes - (spare[name] ?? 0)]);
  return {
    ...idleJob(job.plan, job.instance),
    usedBytes: job.usedBytes,
    placed: Object.fromEntries(kept),
  };
}

/** A machine that names no devices has main memory. */
function devicesOf({ devices, memoryBytes }: OfferedMemory): readonly Offer[] {
  return devices.length > 0 ? devices : [{ name: "CPU", kind: "cpu", offeredBytes: memoryBytes }];
}
