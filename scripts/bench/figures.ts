/** Medians and tables for benchmarks. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? NaN)) / 2;
}

/** `NaN` of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

/** The median of one figure over the other, pair by pair, so that drift of the machine cancels out. */
export function medianRatio(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, index) => value / (base[index] ?? NaN)));
}

/** The median of one figure less the other, pair by pair, so that drift of the machine cancels out. */
export function medianDifference(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, index) => value - (base[index] ?? NaN)));
}

export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly aim?: string;
}

export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, aim = "" }) => [name, value, aim]);
  return markdownTable(["figure", "measured", "aim"], rows);
}

export function markdownTable(head: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = line(head.map((_, column) => column === 0 ? "---" : "---:"));
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** The machine and date of a measurement: figures mean nothing without them. */
export async function machine(): Promise<string> {
  const model = await Deno.readTextFile("/proc/cpuinfo").then(
    (text) => /model name\s*: (.*)/.exec(text)?.[1] ?? "unknown processor",
    () => Deno.build.arch,
  );
  const memory = (Deno.systemMemoryInfo().total / 2 ** 30).toFixed(0);
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${navigator.hardwareConcurrency} cores of ${model}, ${memory} GiB, ${Deno.build.target}`;
}
