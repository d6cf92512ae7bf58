/**
 * The most that one call gives to a file. The system lays what one call writes into pieces of memory as large as that, up to
 * 2 MiB, and in a virtual machine, whose host gives memory as it is touched, those are new ones: of 824 MB written by
 * 1 MiB a call took 1.1 ms for each MB, by 256 KiB 0.2 ms, as by 64 KiB (docs/benchmarks.md, 2026-12-01).
 */
export const WRITE_BYTES = 256 * 1024;

/** Writes all of the bytes at the file's place. */
export async function writeAll(file: Pick<Deno.FsFile, "write">, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at, at + WRITE_BYTES));
  }
}
