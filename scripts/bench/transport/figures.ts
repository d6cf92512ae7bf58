/** Numbers of several rounds -> lines of a table. Pure. */

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** `NaN` of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

export function markdownTable(head: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = line(head.map((_, column) => column === 0 ? "---" : "---:"));
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** Replaces a section of a Markdown text, or adds it at the end. */
export function replaceSection(text: string, title: string, body: string): string {
  const section = `## ${title}\n\n${body.trim()}\n`;
  const start = text.search(new RegExp(`^## ${title}$`, "m"));
  if (start < 0) return `${text.trimEnd()}\n\n${section}`;
  const next = text.slice(start + 1).search(/^## /m);
  const rest = next < 0 ? "" : `\n${text.slice(start + 1 + next)}`;
  return text.slice(0, start) + section + rest;
}
