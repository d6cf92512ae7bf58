/** docs/benchmarks.md: every benchmark has a section of its own, and writes it anew. */

import { fromRoot } from "../run.ts";

const PAGE = "docs/benchmarks.md";

/** @param title without the leading `##`. */
export async function writeSection(title: string, body: string): Promise<void> {
  const path = fromRoot(PAGE);
  await Deno.writeTextFile(path, replaceSection(await Deno.readTextFile(path), title, body));
}

/** Replaces a section of a Markdown text, or adds it at the end. Pure. */
export function replaceSection(text: string, title: string, body: string): string {
  const lines = text.trimEnd().split("\n");
  const heading = `## ${title}`;
  const found = lines.indexOf(heading);
  const start = found < 0 ? lines.length : found;
  const next = lines.findIndex((line, index) => index > start && line.startsWith("## "));
  const end = next < 0 ? lines.length : next;
  const before = found < 0 ? [...lines, ""] : lines.slice(0, start);
  const after = end < lines.length ? ["", ...lines.slice(end)] : [];
  return [...before, heading, "", body.trim(), ...after].join("\n") + "\n";
}
