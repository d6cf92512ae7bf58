/** Files that hold a container's limit: cgroup v2, then v1. */
const CGROUP_LIMITS = [
  "/sys/fs/cgroup/memory.max",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

/** Main memory that this process may use: the machine's, or less inside a container. */
export async function mainMemoryBytes(): Promise<number> {
  const { total } = Deno.systemMemoryInfo();
  if (Deno.build.os !== "linux") return total;
  const limits = await Promise.all(CGROUP_LIMITS.map(readLimit));
  return Math.min(total, ...limits);
}

async function readLimit(path: string): Promise<number> {
  try {
    return parseCgroupLimit(await Deno.readTextFile(path));
  } catch {
    return Infinity; // no such cgroup version, or no container
  }
}

/** Bytes; `max`, and anything that is no number, is no limit. */
export function parseCgroupLimit(text: string): number {
  const bytes = Number(text.trim() || NaN);
  return Number.isFinite(bytes) && bytes > 0 ? bytes : Infinity;
}
