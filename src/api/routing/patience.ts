import { UNCLAIMED_HOLD_MS, WAITING_HOLD_MS } from "../base/defaults.ts";
import type { Obstacle } from "../base/types.ts";

export interface Held {
  /** The obstacle to its model. */
  readonly obstacle: Obstacle | undefined;
  /** A part of the answer is with the caller already. */
  readonly hasBegun: boolean;
  /** The longest that any request waits. */
  readonly holdMs: number;
}

/** Nobody does anything about it, unless a machine is asked to. Pure. */
export function isFinal({ kind }: Obstacle): boolean {
  return kind === "failed" || kind === "dropped" || kind === "not-on-request";
}

/** How long a request waits, in milliseconds, while nothing changes about that. Pure. */
export function patienceMs({ obstacle, hasBegun, holdMs }: Held): number {
  // Nobody can ask again for the rest of an answer.
  if (obstacle === undefined || hasBegun) return holdMs;
  const { kind } = obstacle;
  const isClear = kind === "waiting" || kind === "downloading";
  return Math.min(holdMs, isClear ? WAITING_HOLD_MS : UNCLAIMED_HOLD_MS);
}
