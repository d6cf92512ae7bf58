/** Medians and tables for benchmarks. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? NaN)) / 2;
}

/** The median of one figure over the other, pair by pair, so that drift of the machine cancels out. */
export function medianRatio(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, index) => value / (base[index] ?? NaN)));
}

export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly aim?: string;
}

export function markdownTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, aim = "" }) => `| ${name} | ${value} | ${aim} |`);
  return ["| figure | measured | aim |", "|---|---|---|", ...rows].join("\n");
}

/** Where and when figures were measured: they mean nothing without. */
export async function machine(): Promise<string> {
  const model = await Deno.readTextFile("/proc/cpuinfo").then(
    (text) => /model name\s*: (.*)/.exec(text)?.[1] ?? "unknown processor",
    () => Deno.build.arch,
  );
  const memory = (Deno.systemMemoryInfo().total / 2 ** 30).toFixed(0);
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${navigator.hardwareConcurrency} cores of ${model}, ${memory} GiB, ${Deno.build.target}`;
}
