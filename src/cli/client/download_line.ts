/** How far a download is, in one line. Pure. */

import { printable } from "../../base/printable.ts";
import type { DownloadStatus } from "../../api/mod.ts";
import { LIVE_LINE_NAME_CELLS } from "../base/defaults.ts";
import { formatBytes } from "../base/format.ts";
import { type LiveLine, progressLine } from "../base/progress_line.ts";

export function downloadLine(
  name: string,
  { receivedBytes, totalBytes, bytesPerSecond, secondsLeft }: DownloadStatus,
  colour: boolean,
): LiveLine {
  const fraction = totalBytes === 0 ? null : receivedBytes / totalBytes;
  const { text, brief } = progressLine({ label: shortened(printable(name)), fraction, colour });
  const rate = bytesPerSecond === 0 ? "" : `, ${formatBytes(bytesPerSecond)}/s`;
  const left = secondsLeft === null ? "" : `, ${durationText(secondsLeft)} left`;
  return { label: `Downloading ${printable(name)}`, text: text + rate + left, brief };
}

function shortened(name: string): string {
  return name.length <= LIVE_LINE_NAME_CELLS ? name : `${name.slice(0, LIVE_LINE_NAME_CELLS - 1)}…`;
}

export function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}
