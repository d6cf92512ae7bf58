import type { Member } from "../plan/view.ts";

type Candidate = Pick<
  Member,
  "peer" | "memoryBytes" | "assignable" | "targets" | "claims" | "instances" | "obeys"
>;

/**
 * Whether a mesh has more active nodes than it needs and this one is among those that may leave the gossip:
 * of the nodes that do nothing as many as are too many, the least memory first. All that have the same view
 * choose the same ones, so that no more leave than have to. Pure.
 */
export function isSurplus(
  self: Candidate,
  others: readonly Candidate[],
  maxActive: number,
): boolean {
  const excess = others.length + 1 - maxActive;
  if (excess <= 0) return false;
  const idle = [self, ...others].filter(isIdle).sort(leastMemoryFirst);
  return idle.slice(0, excess).some(({ peer }) => peer === self.peer);
}

function isIdle({ assignable, targets, claims, instances, obeys }: Candidate): boolean {
  return assignable && [targets, claims, instances, obeys].every((list) => list.length === 0);
}

function leastMemoryFirst(a: Candidate, b: Candidate): number {
  return a.memoryBytes - b.memoryBytes || (a.peer < b.peer ? -1 : 1);
}
