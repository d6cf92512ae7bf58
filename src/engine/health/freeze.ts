/** Whether a server that runs is alive: a decision over samples of it. Pure. */

import {
  BLOCKED_PATIENCE_MS,
  CHECK_INTERVAL_MS,
  CHECK_LATE_MS,
  CHECKS_WORK,
  SILENT_PATIENCE_MS,
  STOPPED_PATIENCE_MS,
} from "../base/defaults.ts";
import type { Vitals } from "./vitals.ts";

/** The findings of one check of a server. */
export interface Sample extends Vitals {
  readonly atMs: number;
  /** It took a question and did not answer it. `false` also where it could not be asked. */
  readonly silent: boolean;
  /** It has been healthy. One that still loads may wait for its disk for as long as it likes. */
  readonly ready: boolean;
}

type Sign = "stopped" | "silent" | "blocked";

/** The verdict of the checks so far. */
export interface Watched {
  readonly last: Sample | null;
  /** The first of the samples, up to the last one, that all found a sign of a freeze. */
  readonly doubt: Sample | null;
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
 * Takes in one more sample. A server that reads a long prompt or waits for the workers of its split answers at once, and
 * one that the machine has no time for gets some of its time; neither is ever doubted.
 */
export function watched(before: Watched, sample: Sample): Watched {
  const sign = signOf(sample, before);
  if (sign === null) return { last: sample, doubt: null, frozen: null };
  const doubt = goesOn(before, sample) ? before.doubt ?? sample : sample;
  const { patienceMs, reason } = RULES[sign];
  const frozen = sample.atMs - doubt.atMs >= patienceMs ? reason : null;
  return { last: sample, doubt, frozen };
}

/**
 * Whether the verdict over the next sample depends on what the server answers. One that is stopped answers nothing, and one
 * that has worked is not frozen, whatever it answers.
 */
export function isWorthAsking({ activity, work }: Vitals, { last, doubt }: Watched): boolean {
  if (last === null || activity === "stopped" || activity === "running") return false;
  return activity === "blocked" || work <= (doubt ?? last).work;
}

/** Whether an earlier doubt may go on. */
function goesOn({ last, doubt }: Watched, sample: Sample): boolean {
  // This process was away itself, as in a machine's sleep: nothing is known of the time between.
  const wasAway = last !== null && sample.atMs - last.atMs > CHECK_INTERVAL_MS + CHECK_LATE_MS;
  // One that is traced is stopped again and again, and works all the same.
  const hasWorked = doubt !== null && sample.work - doubt.work > CHECKS_WORK;
  return !wasAway && !hasWorked;
}

function signOf(sample: Sample, { last, doubt }: Watched): Sign | null {
  if (sample.activity === "stopped") return "stopped";
  if (sample.activity === "running" || last === null) return null;
  const work = sample.work - (doubt ?? last).work;
  if (sample.silent) return work > 0 ? null : "silent";
  return sample.activity === "blocked" && sample.ready && work <= CHECKS_WORK ? "blocked" : null;
}
