/** Whether a server that runs is alive: a decision over looks at it. Pure. */

import {
  BLOCKED_PATIENCE_MS,
  LOOK_INTERVAL_MS,
  LOOK_LATE_MS,
  LOOKS_WORK,
  SILENT_PATIENCE_MS,
  STOPPED_PATIENCE_MS,
} from "../base/defaults.ts";
import type { Vitals } from "./vitals.ts";

/** The findings of one check of a server. */
export interface Look extends Vitals {
  readonly atMs: number;
  /** It took a question and did not answer it. `false` also where it could not be asked. */
  readonly silent: boolean;
  /** It has been healthy. One that still loads may wait for its disk for as long as it likes. */
  readonly ready: boolean;
}

type Sign = "stopped" | "silent" | "blocked";

/** The verdict of the checks so far. */
export interface Watched {
  readonly last: Look | null;
  /** The first of the looks, up to the last one, that all found a sign of a freeze. */
  readonly doubt: Look | null;
  /** Why the server is held for frozen. */
  readonly frozen: string | null;
}

export const UNWATCHED: Watched = { last: null, doubt: null, frozen: null };

const RULES: Readonly<Record<Sign, { readonly patienceMs: number; readonly reason: string }>> = {
  stopped: { patienceMs: STOPPED_PATIENCE_MS, reason: "a signal has stopped it" },
  silent: { patienceMs: SILENT_PATIENCE_MS, reason: "it neither answers nor computes" },
  blocked: {
    patienceMs: BLOCKED_PATIENCE_MS,
    reason: "it waits for a disk or a driver that does not answer",
  },
};

/**
 * Takes in one more look. A server that reads a long prompt or waits for the workers of its split answers at once, and
 * one that the machine has no time for gets some of its time; neither is ever doubted.
 */
export function watched(before: Watched, look: Look): Watched {
  const sign = signOf(look, before);
  if (sign === null) return { last: look, doubt: null, frozen: null };
  const doubt = goesOn(before, look) ? before.doubt ?? look : look;
  const { patienceMs, reason } = RULES[sign];
  const frozen = look.atMs - doubt.atMs >= patienceMs ? reason : null;
  return { last: look, doubt, frozen };
}

/** Whether an earlier doubt may go on. */
function goesOn({ last, doubt }: Watched, look: Look): boolean {
  // This process was away itself, as in a machine's sleep: nothing is known of the time between.
  const wasAway = last !== null && look.atMs - last.atMs > LOOK_INTERVAL_MS + LOOK_LATE_MS;
  // One that is traced is stopped again and again, and works all the same.
  const hasWorked = doubt !== null && look.work - doubt.work > LOOKS_WORK;
  return !wasAway && !hasWorked;
}

function signOf(look: Look, { last, doubt }: Watched): Sign | null {
  if (look.activity === "stopped") return "stopped";
  if (look.activity === "running" || last === null) return null;
  const work = look.work - (doubt ?? last).work;
  if (look.silent) return work > 0 ? null : "silent";
  return look.activity === "blocked" && look.ready && work <= LOOKS_WORK ? "blocked" : null;
}
