/** An entry of the store by what the quota asks. */
export interface Usage {
  readonly name: string;
  readonly sizeBytes: number;
  /** When it was written or last read. */
  readonly usedMs: number;
}

/** Which entries must go so that the others fit: the least recently used first. Pure. */
export function victims(entries: readonly Usage[], quotaBytes: number): string[] {
  let total = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const gone: string[] = [];
  for (const { name, sizeBytes } of entries.toSorted((a, b) => a.usedMs - b.usedMs)) {
    if (total <= quotaBytes) break;
    total -= sizeBytes;
    gone.push(name);
  }
  return gone;
}
