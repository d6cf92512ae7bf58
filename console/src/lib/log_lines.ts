/** The node's log as a page shows it. Pure. */

import type { LogLine } from "../../../src/api/base/types.ts";
import type { NumberedLine } from "./live_state.ts";

/** Lines from before the page was opened, and those that came since, each once. */
export function mergeLines(
  earlier: readonly LogLine[],
  live: readonly NumberedLine[],
): NumberedLine[] {
  const key = ({ time, message }: LogLine) => `${time} ${message}`;
  const known = new Set(live.map(key));
  const before = earlier.filter((line) => !known.has(key(line)));
  return [...before, ...live].map((line, index) => ({ ...line, number: index }))
    .sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : a.number - b.number);
}
