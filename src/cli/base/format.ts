/** Figures as people read them. */

export { formatBytes } from "../../base/format_bytes.ts";

export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Of a network: a tenth of a millisecond counts on a cable, and not around the world. */
export function formatRoundTrip(milliseconds: number): string {
  return `${milliseconds < 100 ? Math.round(milliseconds * 10) / 10 : Math.round(milliseconds)} ms`;
}

/** PeerIds of Ed25519 keys all begin alike; the end tells them apart. */
export function shortId(peerId: string): string {
  return peerId.length <= 12 ? peerId : `…${peerId.slice(-8)}`;
}

/** UTC to the minute. */
export function formatTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 16).replace("T", " ");
}

/** "a", "a and b", "a, b and c". */
export function listText(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** States and roles of the management API as the terminal shows them; the other words are the same. */
const SHOWN: ReadonlyMap<string, string> = new Map([
  ["warm", "ready"],
  ["turn", "waits its turn"],
  ["cold", "not served"],
  ["standby", "free"],
]);

export function shownWord(word: string): string {
  return SHOWN.get(word) ?? word;
}

/** Columns as wide as their widest cell, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd() + "\n"
  ).join("");
}
