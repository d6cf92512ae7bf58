/** The nodes of a mesh that could run a model together. Pure. */

import type { MemoryPools, MemoryUse } from "../base/types.ts";

/** A node that could run the model, or take part. */
export interface FitNode<Id extends string = string> extends MemoryPools {
  readonly id: Id;
  /** From the node that asks; `undefined` where nobody measured it yet. */
  readonly rttMs: number | undefined;
  /** Whether it may run the model itself: by itself only, or with others too. @default {"any"} */
  readonly hosts?: "never" | "alone" | "any";
  /** Memory that the model takes where this node runs it, at its own context. @default as the model's header has it */
  readonly needBytes?: number;
}

/** The mesh as the node that asks sees it. */
export interface FitMesh<Id extends string = string> {
  /** `null` for a client, which runs nothing. */
  readonly self: FitNode<Id> | null;
  readonly others: readonly FitNode<Id>[];
  readonly rttLimitMs: number;
  /** The node that asks runs the model if it can, whoever else could: its user says so. @default {false} */
  readonly here?: boolean;
  /**
   * The round trip between two of them; infinite for those that can't share a model, `undefined` where nobody measured it.
   * @default that of the node that asks
   */
  readonly distanceMs?: (host: Id, other: Id) => number | undefined;
  /** Of two that have as much memory, the one that is to be the host. @default the first */
  readonly isPreferred?: (a: Id, b: Id) => boolean;
}

export interface Team<Id extends string> {
  readonly host: FitNode<Id>;
  readonly members: readonly FitNode<Id>[];
  readonly needBytes: number;
}

/** Just enough of those near a node that may host it; then the one of them with the most memory does. */
export function teamOf<Id extends string>(
  mesh: FitMesh<Id>,
  need: number,
  memory: MemoryUse,
): Team<Id> | undefined {
  const caller = callerOf(mesh, memory);
  if (caller === undefined) return undefined;
  const needBytes = caller.needBytes ?? need;
  const allBytes = everyone(mesh).reduce((sum, one) => sum + bytesOf(one, memory), 0);
  if (allBytes < needBytes) return undefined;
  const members = [caller];
  let haveBytes = bytesOf(caller, memory);
  for (const one of nearOf(mesh, caller)) {
    if (haveBytes >= needBytes) break;
    if (bytesOf(one, memory) === 0) continue;
    members.push(one);
    haveBytes += bytesOf(one, memory);
  }
  if (haveBytes < needBytes) return undefined;
  const isTold = mesh.here === true && memory === "gpu";
  const host = isTold ? caller : largest(mesh, members.filter(mayShare), memory) ?? caller;
  return { host, members, needBytes };
}

export function callerOf<Id extends string>(
  mesh: FitMesh<Id>,
  memory: MemoryUse,
): FitNode<Id> | undefined {
  if (mesh.here === true && mesh.self !== null && mayShare(mesh.self)) return mesh.self;
  return largest(mesh, everyone(mesh).filter(mayShare), memory);
}

function mayShare({ hosts = "any" }: FitNode): boolean {
  return hosts === "any";
}

/** The nearest first; one that nobody measured is as far as is allowed. */
export function nearOf<Id extends string>(mesh: FitMesh<Id>, node: FitNode<Id>): FitNode<Id>[] {
  const near = everyone(mesh).filter((one) => one.id !== node.id).map((one) => ({
    one,
    rttMs: distanceMs(mesh, node.id, one.id) ?? mesh.rttLimitMs,
  }));
  return near.filter(({ rttMs }) => rttMs <= mesh.rttLimitMs)
    .sort((a, b) => a.rttMs - b.rttMs).map(({ one }) => one);
}

export function distanceMs<Id extends string>(mesh: FitMesh<Id>, a: Id, b: Id): number | undefined {
  if (mesh.distanceMs !== undefined) return mesh.distanceMs(a, b);
  const other = b === mesh.self?.id ? a : b;
  return mesh.others.find(({ id }) => id === other)?.rttMs;
}

export function largest<Id extends string>(
  { isPreferred = () => false }: FitMesh<Id>,
  nodes: readonly FitNode<Id>[],
  memory: MemoryUse,
): FitNode<Id> | undefined {
  return first(nodes, (a, b) => {
    const more = bytesOf(a, memory) - bytesOf(b, memory);
    return more > 0 || (more === 0 && isPreferred(a.id, b.id));
  });
}

/** The one before which no other comes. */
export function first<T>(items: readonly T[], isBefore: (a: T, b: T) => boolean): T | undefined {
  return items.reduce<T | undefined>(
    (best, one) => best === undefined || isBefore(one, best) ? one : best,
    undefined,
  );
}

export function bytesOf({ gpuBytes, memoryBytes }: MemoryPools, memory: MemoryUse): number {
  return memory === "gpu" ? gpuBytes : memoryBytes;
}

export function everyone<Id extends string>({ self, others }: FitMesh<Id>): readonly FitNode<Id>[] {
  return [...(self === null ? [] : [self]), ...others];
}
