/**
 * How many threads are of use to llama.cpp: its threads work in step, so that one on a slow core, on the second half of
 * a core or on a core that is not this process's holds up all others.
 */

import type { Threads } from "../base/types.ts";

/** A logical CPU, as the system describes it. */
export interface LogicalCpu {
  readonly id: number;
  /** Equal for CPUs that are one physical core. */
  readonly core: string;
  /** Of an Intel processor with two kinds of cores. `null`: it has one kind, or does not say. */
  readonly isPerformance: boolean | null;
  /** Of an ARM processor, the fastest core of the machine being 1024. `null`: it does not say. */
  readonly capacity: number | null;
}

export interface CoreFacts {
  readonly cpus: readonly LogicalCpu[];
  /** CPUs that this process may run on. `null`: all. */
  readonly allowed: ReadonlySet<number> | null;
  /** CPU time that its control groups allow, in CPUs; `Infinity` where they do not bound it. */
  readonly quota: number;
}

/**
 * A core that is slower than half of the fastest holds up more than it does: Cortex-A55 beside A76 has 0.39, A725
 * beside X925 0.7.
 */
const USEFUL_CAPACITY = 0.5;

/** Threads for one of llama.cpp's servers on this machine. Pure. */
export function threadsFor({ cpus, allowed, quota }: CoreFacts): Threads {
  const mine = cpus.filter(({ id }) => allowed === null || allowed.has(id));
  const cores = Math.max(1, coresOf(fastOnes(mine)));
  // A quota is shared with the node itself, and a thread that is held back holds up the others: it is rounded down.
  const count = Math.max(1, Math.min(cores, Math.floor(quota)));
  return { count, isFewer: count < llamaServerCount(cpus) };
}

/** The performance cores where a processor has two kinds, else those that are about as fast as the fastest. */
function fastOnes(cpus: readonly LogicalCpu[]): readonly LogicalCpu[] {
  const performance = cpus.filter(({ isPerformance }) => isPerformance === true);
  if (performance.length > 0) return performance;
  const fastest = Math.max(0, ...cpus.map(({ capacity }) => capacity ?? 0));
  return cpus.filter(({ capacity }) => (capacity ?? fastest) >= fastest * USEFUL_CAPACITY);
}

/** The count of `common_cpu_get_num_math` of llama.cpp: physical cores, of two kinds on Intel's the fast ones. */
function llamaServerCount(cpus: readonly LogicalCpu[]): number {
  const performance = cpus.filter(({ isPerformance }) => isPerformance === true);
  return coresOf(performance.length > 0 ? performance : cpus);
}

function coresOf(cpus: readonly LogicalCpu[]): number {
  return new Set(cpus.map(({ core }) => core)).size;
}

/** `0-3,8,10-11`, as Linux lists CPUs. Pure. */
export function parseCpuList(text: string): ReadonlySet<number> {
  const ranges = text.trim().split(",").filter((range) => /^\d+(-\d+)?$/.test(range));
  return new Set(ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  }));
}

/** CPUs of `cpu.max` (cgroup v2: `150000 100000`, `max 100000`); anything else does not bound. Pure. */
export function parseCpuMax(text: string): number {
  const [quota = NaN, period = NaN] = text.trim().split(/\s+/).map(Number);
  const cpus = quota / period;
  return Number.isFinite(cpus) && cpus > 0 ? cpus : Infinity;
}
