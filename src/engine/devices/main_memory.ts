import type { MainMemory } from "../base/types.ts";

interface ControlGroup {
  readonly limit: string;
  readonly usage: string;
  readonly stat: string;
  /** The line of `stat` with the file cache that is given up under pressure. */
  readonly cache: RegExp;
}

/** A container's files: version 2 of control groups, then version 1. */
const CONTROL_GROUPS: readonly ControlGroup[] = [
  {
    limit: "/sys/fs/cgroup/memory.max",
    usage: "/sys/fs/cgroup/memory.current",
    stat: "/sys/fs/cgroup/memory.stat",
    cache: /^inactive_file (\d+)$/m,
  },
  {
    limit: "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    usage: "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    stat: "/sys/fs/cgroup/memory/memory.stat",
    cache: /^total_inactive_file (\d+)$/m,
  },
];

/**
 * Main memory that this process may use: the machine's, or less inside a container. macOS compresses and swaps before it is
 * short of memory, and calls little of it available, so there all of it counts.
 */
export async function mainMemory(): Promise<MainMemory> {
  const { total, available } = Deno.systemMemoryInfo();
  if (Deno.build.os !== "linux") return { totalBytes: total, availableBytes: total };
  const groups = await Promise.all(CONTROL_GROUPS.map(readGroup));
  return groups.reduce(within, { totalBytes: total, availableBytes: available });
}

function within(machine: MainMemory, group: MainMemory): MainMemory {
  return {
    totalBytes: Math.min(machine.totalBytes, group.totalBytes),
    availableBytes: Math.min(machine.availableBytes, group.availableBytes),
  };
}

async function readGroup({ limit, usage, stat, cache }: ControlGroup): Promise<MainMemory> {
  const [limitText, usageText, statText] = await Promise.all([limit, usage, stat].map(readText));
  const totalBytes = parseCgroupLimit(limitText ?? "");
  const usedBytes = Number(usageText) - Number(cache.exec(statText ?? "")?.[1] ?? 0);
  return { totalBytes, availableBytes: Math.max(0, totalBytes - Math.max(0, usedBytes)) };
}

/** Empty where there is no such version of control groups, or no container. */
async function readText(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}

/** Bytes; `max`, and anything that is no number, is no limit. */
export function parseCgroupLimit(text: string): number {
  const bytes = Number(text.trim() || NaN);
  return Number.isFinite(bytes) && bytes > 0 ? bytes : Infinity;
}
