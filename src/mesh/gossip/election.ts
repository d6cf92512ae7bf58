/** A member of a split that holds the complete file. */
export interface HostCandidate<Id extends string = string> {
  readonly peer: Id;
  readonly memoryBytes: number;
}

/** The election of a split's host: the most memory, then the highest PeerId as text. Every node computes it alone. */
export function electHost<Id extends string>(
  candidates: readonly HostCandidate<Id>[],
): Id | undefined {
  return candidates.toSorted((a, b) => moreMemoryFirst(a, b) || higherPeerFirst(a, b))[0]?.peer;
}

function moreMemoryFirst(a: HostCandidate, b: HostCandidate): number {
  return b.memoryBytes - a.memoryBytes;
}

function higherPeerFirst(a: HostCandidate, b: HostCandidate): number {
  if (a.peer === b.peer) return 0;
  return a.peer > b.peer ? -1 : 1;
}
