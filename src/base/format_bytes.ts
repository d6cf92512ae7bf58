const BYTES_PER_GB = 1e9;
const BYTES_PER_MB = 1e6;

/** As people read it. GB are 10^9 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes >= BYTES_PER_GB) return `${(bytes / BYTES_PER_GB).toFixed(1)} GB`;
  return `${(bytes / BYTES_PER_MB).toFixed(bytes < BYTES_PER_MB ? 2 : 1)} MB`;
}
