import { CLAIM_MS, RELOAD_BACKOFF_MAX_MS, RELOAD_BACKOFF_MS, REPLAN_QUIET_MS } from "./defaults.ts";
import { type Plan, planKey } from "./plan.ts";

/** The part of the running job that the decision to replace it needs. */
export interface Running {
  readonly plan: Plan;
  /** It can't answer any more: llama-server has ended, or one of its workers is gone. */
  readonly broken: boolean;
  readonly brokenAtMs: number;
  /** Times in a row that the same plan broke. */
  readonly failures: number;
}

export type Transition =
  | { readonly kind: "keep" }
  | { readonly kind: "replace" }
  /** Nothing yet; decide again at this time. */
  | { readonly kind: "hold"; readonly untilMs: number };

export interface Times {
  readonly nowMs: number;
  /** When the plan last became what it is. */
  readonly plannedAtMs: number;
  /** When it was claimed, where others might claim the same. */
  readonly claimedAtMs: number | null;
  /** The model that runs is still being loaded, and another member answers for it. @default {false} */
  readonly isAnswered?: boolean;
}

/**
 * Compares what runs with what should run. An unchanged plan changes nothing; what serves is replaced
 * when its group has been quiet for a while, what is broken at once, and nothing before its claim
 * was heard.
 */
export function transition(
  running: Running,
  next: Plan,
  { nowMs, plannedAtMs, claimedAtMs, isAnswered = false }: Times,
): Transition {
  const same = planKey(running.plan) === planKey(next);
  if (same) return running.broken ? at(reloadAtMs(running), nowMs) : { kind: "keep" };
  const heardAtMs = claimedAtMs === null ? nowMs : claimedAtMs + CLAIM_MS;
  if (running.broken || !serves(running.plan)) return at(heardAtMs, nowMs);
  // The elected host has not assigned us anything: until it does, our instance is the one that answers, or will.
  if (next.kind === "follow" && !isAnswered) return { kind: "keep" };
  return at(Math.max(plannedAtMs + REPLAN_QUIET_MS, heardAtMs), nowMs);
}

export function serves(plan: Plan): plan is Extract<Plan, { kind: "solo" | "host" }> {
  return plan.kind === "solo" || plan.kind === "host";
}

function reloadAtMs({ brokenAtMs, failures }: Running): number {
  const pauseMs = failures <= 1 ? 0 : RELOAD_BACKOFF_MS * 2 ** (failures - 2);
  return brokenAtMs + Math.min(pauseMs, RELOAD_BACKOFF_MAX_MS);
}

function at(timeMs: number, nowMs: number): Transition {
  return timeMs <= nowMs ? { kind: "replace" } : { kind: "hold", untilMs: timeMs };
}
