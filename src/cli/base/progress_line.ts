/** How far something is, as one line. Pure. */

import { styleText } from "node:util";
import { PROGRESS_BAR_CELLS } from "./defaults.ts";

export interface LiveLine {
  /** The name of the work, without its progress. */
  readonly label: string;
  readonly text: string;
  /** The same without a bar, for a place beside others. */
  readonly brief: string;
  /** Lines of different tasks stand beside each other. @default {""} */
  readonly task?: string;
}

export interface ProgressLineOptions {
  readonly label: string;
  /** 0 to 1; `null` where nobody knows how much there is to do, and then there is no bar. */
  readonly fraction: number | null;
  readonly colour: boolean;
}

export function progressLine({ label, fraction, colour }: ProgressLineOptions): LiveLine {
  if (fraction === null || !Number.isFinite(fraction)) return { label, text: label, brief: label };
  const done = Math.min(1, Math.max(0, fraction));
  const filled = Math.round(done * PROGRESS_BAR_CELLS);
  const rest = "░".repeat(PROGRESS_BAR_CELLS - filled);
  const dim = colour ? styleText("dim", rest, { validateStream: false }) : rest;
  const percent = `${Math.round(done * 100)} %`;
  return {
    label,
    text: `${label} ${"█".repeat(filled)}${dim} ${percent}`,
    brief: `${label} ${percent}`,
  };
}
