/** The memory of members, as far as it is free. Pure. */

import type { ModelRef } from "../../../mesh/mod.ts";
import type { MemoryPools } from "../../../models/mod.ts";
import type { Ledger, Reservation } from "../ledger.ts";
import { memberPools } from "../pools.ts";
import { fileOf, instanceOf, type Member, sameModel } from "../view.ts";
import { isPinned, servedBy } from "./running.ts";

export interface MemberMemory {
  /** Nobody holds it: neither what runs nor what the member's user will have it load. */
  readonly free: MemoryPools;
  /** Becomes free when each of them ends: no more in all than the member offers, whatever they take. */
  readonly held: readonly Reservation[];
}

interface Provisions extends MemberMemory {
  readonly names: readonly string[];
}

/** Most members hold what they held at the last plan. */
const known = new WeakMap<Member, Provisions & { readonly all: readonly Reservation[] }>();

export function provisionsOf(member: Member, ledger: Ledger): Provisions {
  const all = ledger.reservationsOf(member);
  const before = known.get(member);
  if (before?.all === all) return before;
  const provisions = { ...provide(member, withinOffer(member, all)), all };
  known.set(member, provisions);
  return provisions;
}

function withinOffer(member: Member, held: readonly Reservation[]): readonly Reservation[] {
  const offered = memberPools(member);
  let [gpuLeft, mainLeft] = [offered.gpuBytes, offered.memoryBytes - offered.gpuBytes];
  const gpuSum = held.reduce((sum, { gpuBytes }) => sum + gpuBytes, 0);
  const mainSum = held.reduce((sum, { mainBytes }) => sum + mainBytes, 0);
  if (gpuSum <= gpuLeft && mainSum <= mainLeft) return held;
  return held.map((one) => {
    const gpuBytes = Math.min(one.gpuBytes, gpuLeft);
    const mainBytes = Math.min(one.mainBytes, mainLeft);
    gpuLeft -= gpuBytes;
    mainLeft -= mainBytes;
    return { ...one, gpuBytes, mainBytes };
  });
}

/**
 * The names that a member serves or will, and its memory after them. A member whose user named models will load those
 * that fit, in their order, though it may not have announced that yet. A model that it failed to serve it leaves to others.
 */
function provide(member: Member, held: readonly Reservation[]): Provisions {
  const names = servedBy(member);
  let free = lessOf(memberPools(member), held);
  for (const model of member.assignable ? [] : member.targets) {
    const needBytes = fileOf(member, model)?.needBytes ?? Infinity;
    if (needBytes > free.memoryBytes || isBegun(model, member, held)) continue;
    if (!isPinned(member, model.name)) continue;
    free = lessBytes(free, needBytes);
    names.push(model.name);
  }
  const failed = new Set(member.failures.map(({ model }) => model));
  return { held, free, names: names.filter((name) => !failed.has(name)) };
}

function isBegun(model: ModelRef, member: Member, held: readonly Reservation[]): boolean {
  return held.some((one) => sameModel(one.model, model)) ||
    (instanceOf(member, model)?.state ?? "waiting") !== "waiting";
}

function lessOf(offered: MemoryPools, held: readonly Reservation[]): MemoryPools {
  if (held.length === 0) return offered;
  let [gpuBytes, mainBytes] = [offered.gpuBytes, offered.memoryBytes - offered.gpuBytes];
  for (const one of held) {
    gpuBytes -= one.gpuBytes;
    mainBytes -= one.mainBytes;
  }
  const onGpus = Math.max(0, gpuBytes);
  return { gpuBytes: onGpus, memoryBytes: onGpus + Math.max(0, mainBytes) };
}

/** The rest once a model took these bytes: of the GPUs where those hold it, else of all that there is. */
export function lessBytes({ gpuBytes, memoryBytes }: MemoryPools, bytes: number): MemoryPools {
  const left = Math.max(0, memoryBytes - bytes);
  return { gpuBytes: Math.min(left, Math.max(0, gpuBytes - bytes)), memoryBytes: left };
}
