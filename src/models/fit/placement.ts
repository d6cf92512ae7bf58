import { MAX_SPLIT_WORKERS } from "../base/defaults.ts";
import type { MemoryPools, MemoryUse, Placement, SplitCandidate } from "../base/types.ts";

export interface PlacementInput<Id extends string = string> {
  readonly needBytes: number;
  readonly host: MemoryPools;
  /** In any order. */
  readonly candidates: readonly SplitCandidate<Id>[];
  /** Split over everybody near enough, even where the host alone would do. */
  readonly force: boolean;
  readonly rttLimitMs: number;
  /**
   * Shares in place of those by memory, host first, then workers by round trip: who has none, or 0, takes
   * no part. Numbers for more members than there are, or for some that together lack memory, do not count.
   */
  readonly tensorSplit: readonly number[] | null;
}

/**
 * Decides who runs one model, best first: the host's GPUs; GPUs of several machines; GPU and main memory of the host;
 * all that several machines have. The same input in any order gives the same answer.
 */
export function place<Id extends string>(input: PlacementInput<Id>): Placement<Id> {
  const { host, force } = input;
  const near = nearest(input);
  const alone = !force || near.length === 0 ? soloOn(host, input.needBytes) : undefined;
  if (alone?.memory === "gpu") return alone;
  const best = splitOverGpus(input, near) ?? alone ?? splitOverAll(input, near);
  // A machine without a GPU that holds the model by itself has nothing to share.
  if (best.kind === "solo" && host.gpuBytes === 0) return best;
  return placeAsTold(input, near) ?? best;
}

function soloOn(host: MemoryPools, needBytes: number) {
  if (host.memoryBytes < needBytes) return undefined;
  return { kind: "solo", memory: host.gpuBytes >= needBytes ? "gpu" : "all" } as const;
}

/** By round trip; an unmeasured one counts as the worst that is allowed. */
function nearest<Id extends string>(input: PlacementInput<Id>): SplitCandidate<Id>[] {
  const { candidates, rttLimitMs } = input;
  const rtt = (candidate: SplitCandidate) => candidate.rttMs ?? rttLimitMs;
  return candidates
    .filter((candidate) => candidate.memoryBytes > 0 && rtt(candidate) <= rttLimitMs)
    .sort((a, b) => rtt(a) - rtt(b) || byText(a.peer, b.peer))
    .slice(0, MAX_SPLIT_WORKERS);
}

/** `undefined` where the user's shares do not count. */
function placeAsTold<Id extends string>(
  { needBytes, host, tensorSplit }: PlacementInput<Id>,
  near: readonly SplitCandidate<Id>[],
): Placement<Id> | undefined {
  const [own = 0, ...others] = tensorSplit ?? [];
  if (tensorSplit === null || others.length > near.length) return undefined;
  const ratios = others.filter((ratio) => ratio > 0);
  const workers = near.filter((_, index) => (others[index] ?? 0) > 0);
  const members = own > 0 ? [host, ...workers] : workers;
  if (bytesOf(members, "all") < needBytes) return undefined;
  if (workers.length === 0) return soloOn(host, needBytes);
  const memory = bytesOf(members, "gpu") >= needBytes ? "gpu" : "all";
  return split([own, ...ratios], workers, { memory, haveBytes: bytesOf(members, memory) });
}

/** `undefined` where the GPUs do not hold it; one that is forced takes everybody, so everybody has to have one. */
function splitOverGpus<Id extends string>(
  { needBytes, host, force }: PlacementInput<Id>,
  near: readonly SplitCandidate<Id>[],
): Placement<Id> | undefined {
  if (force && [host, ...near].some(({ gpuBytes }) => gpuBytes === 0)) return undefined;
  const able = near.filter(({ gpuBytes }) => gpuBytes > 0);
  const workers = force ? able : justEnough(able, needBytes - host.gpuBytes, "gpu");
  const haveBytes = bytesOf([host, ...workers], "gpu");
  if (haveBytes < needBytes || workers.length === 0) return undefined;
  const weights = [host, ...workers].map(({ gpuBytes }) => gpuBytes);
  return split(weights, workers, { memory: "gpu", haveBytes });
}

/** GPUs are filled first; of what is missing every machine's main memory holds its part. */
function splitOverAll<Id extends string>(
  { needBytes, host, force }: PlacementInput<Id>,
  near: readonly SplitCandidate<Id>[],
): Placement<Id> {
  const workers = force ? near : justEnough(near, needBytes - host.memoryBytes, "all");
  const members = [host, ...workers];
  const haveBytes = bytesOf(members, "all");
  if (haveBytes < needBytes) return { kind: "waiting", needBytes, haveBytes };
  const onGpus = bytesOf(members, "gpu");
  const fill = Math.max(0, needBytes - onGpus) / (haveBytes - onGpus);
  // Forced, and small enough for the GPUs of some: by memory, or the others would have nothing to do.
  const weights = onGpus >= needBytes || onGpus === 0
    ? members.map(({ memoryBytes }) => memoryBytes)
    : members.map(({ gpuBytes, memoryBytes }) => gpuBytes + fill * (memoryBytes - gpuBytes));
  return split(weights, workers, { memory: "all", haveBytes });
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function justEnough<Id extends string>(
  near: readonly SplitCandidate<Id>[],
  missingBytes: number,
  memory: MemoryUse,
): SplitCandidate<Id>[] {
  const workers: SplitCandidate<Id>[] = [];
  for (const candidate of near) {
    if (bytesOf(workers, memory) >= missingBytes) break;
    workers.push(candidate);
  }
  return workers;
}

function bytesOf(members: readonly MemoryPools[], memory: MemoryUse): number {
  return members.reduce(
    (sum, { gpuBytes, memoryBytes }) => sum + (memory === "gpu" ? gpuBytes : memoryBytes),
    0,
  );
}

/** Shares as these weights have it, the host's first; they sum to 1. */
function split<Id extends string>(
  weights: readonly number[],
  workers: readonly SplitCandidate<Id>[],
  held: { readonly memory: MemoryUse; readonly haveBytes: number },
): Placement<Id> {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const [hostShare = 0, ...shares] = weights.map((weight) => weight / sum);
  return {
    kind: "split",
    ...held,
    hostShare,
    workers: workers.map(({ peer }, index) => ({ peer, share: shares[index] ?? 0 })),
  };
}
