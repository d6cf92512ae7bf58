import type { Placement, SplitCandidate } from "./types.ts";

export interface PlacementInput<Id extends string = string> {
  readonly needBytes: number;
  readonly host: { readonly memoryBytes: number };
  /** In any order. */
  readonly candidates: readonly SplitCandidate<Id>[];
  /** Split over everybody near enough, even where the host alone would do. */
  readonly force: boolean;
  readonly rttLimitMs: number;
  /**
   * Shares in place of those by memory, host first, then workers by round trip. As in llama.cpp,
   * whoever has no number, or 0, takes no part, and numbers that nobody is left for are ignored.
   */
  readonly tensorSplit: readonly number[] | null;
}

/** Decides who runs one model. The same input in any order gives the same answer. */
export function place<Id extends string>(input: PlacementInput<Id>): Placement<Id> {
  const { needBytes, host, force } = input;
  const near = nearest(input);
  const fitsAlone = host.memoryBytes >= needBytes;
  if (fitsAlone && (!force || near.length === 0)) return { kind: "solo" };
  const workers = force ? near : justEnough(near, needBytes - host.memoryBytes);
  const haveBytes = host.memoryBytes + memoryOf(workers);
  if (haveBytes < needBytes) return { kind: "waiting", needBytes, haveBytes };
  const [hostShare, ...shares] = sharesOf(input, workers);
  return {
    kind: "split",
    hostShare: hostShare ?? 0,
    workers: workers.map(({ peer }, index) => ({ peer, share: shares[index] ?? 0 })),
    haveBytes,
  };
}

/** Who may take part, by round trip; an unmeasured one counts as the worst that is allowed. */
function nearest<Id extends string>(input: PlacementInput<Id>): SplitCandidate<Id>[] {
  const { candidates, rttLimitMs, tensorSplit } = input;
  const rtt = (candidate: SplitCandidate) => candidate.rttMs ?? rttLimitMs;
  return candidates
    .filter((candidate) => candidate.memoryBytes > 0 && rtt(candidate) <= rttLimitMs)
    .sort((a, b) => rtt(a) - rtt(b) || byText(a.peer, b.peer))
    .filter((_, index) => tensorSplit === null || (tensorSplit[index + 1] ?? 0) > 0);
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

/** Fractions of the layers, host first; they sum to 1. */
function sharesOf(
  { host, tensorSplit }: Pick<PlacementInput, "host" | "tensorSplit">,
  workers: readonly SplitCandidate[],
): number[] {
  const members = [host, ...workers];
  const weights = tensorSplit === null
    ? members.map((member) => member.memoryBytes)
    : [tensorSplit[0] ?? 0, ...tensorSplit.slice(1).filter((ratio) => ratio > 0)]
      .slice(0, members.length);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
