/** Neighbours in memory are one write: most of the time that is all of them. */
export function joinedRuns(parts: readonly Uint8Array[]): Uint8Array[] {
  const runs: Uint8Array[] = [];
  for (const part of parts) {
    const last = runs.at(-1);
    const adjoins = last !== undefined && last.buffer === part.buffer &&
      last.byteOffset + last.length === part.byteOffset;
    if (!adjoins) runs.push(part);
    else {
      runs[runs.length - 1] = new Uint8Array(
        last.buffer,
        last.byteOffset,
        last.length + part.length,
      );
    }
  }
  return runs;
}
