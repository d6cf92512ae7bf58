import { MAX_SPLIT_WORKERS } from "../base/defaults.ts";
import type { Placement, SplitCandidate } from "../base/types.ts";

export interface PlacementInput<Id extends string = string> {
  readonly needBytes: number;
  readonly host: { readonly memoryBytes: number };
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

/** Decides who runs one model. The same input in any order gives the same answer. */
export function place<Id extends string>(input: PlacementInput<Id>): Placement<Id> {
  const { needBytes, host, force } = input;
  const near = nearest(input);
  const fitsAlone = host.memoryBytes >= needBytes;
  if (fitsAlone && (!force || near.length === 0)) return { kind: "solo" };
  const told = placeAsTold(input, near);
  if (told !== undefined) return told;
  const workers = force ? near : justEnough(near, needBytes - host.memoryBytes);
  const haveBytes = host.memoryBytes + memoryOf(workers);
  if (haveBytes < needBytes) return { kind: "waiting", needBytes, haveBytes };
  return split([host, ...workers].map(({ memoryBytes }) => memoryBytes), workers, haveBytes);
}

/** The nodes that may take part, by round trip; an unmeasured one counts as the worst that is allowed. */
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
  const haveBytes = (own > 0 ? host.memoryBytes : 0) + memoryOf(workers);
  if (haveBytes < needBytes) return undefined;
  return workers.length === 0 ? { kind: "solo" } : split([own, ...ratios], workers, haveBytes);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function justEnough<Id extends string>(
  near: readonly SplitCandidate<Id>[],
  missingBytes: number,
): SplitCandidate<Id>[] {
  const workers: SplitCandidate<Id>[] = [];
  for (const candidate of near) {
    if (memoryOf(workers) >= missingBytes) break;
    workers.push(candidate);
  }
  return workers;
}

function memoryOf(members: readonly { readonly memoryBytes: number }[]): number {
  return members.reduce((sum, member) => sum + member.memoryBytes, 0);
}

/** Shares as these weights have it, the host's first; they sum to 1. */
function split<Id extends string>(
  weights: readonly number[],
  workers: readonly SplitCandidate<Id>[],
  haveBytes: number,
): Placement<Id> {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const [hostShare = 0, ...shares] = weights.map((weight) => weight / sum);
  return {
    kind: "split",
    hostShare,
    workers: workers.map(({ peer }, index) => ({ peer, share: shares[index] ?? 0 })),
    haveBytes,
  };
}
