import { GIVE_UP_FAILURES, GIVE_UP_MS } from "./defaults.ts";
import type { Duty } from "./duty.ts";
import { modelNameOf, type Plan } from "./plan.ts";
import type { Running } from "./transition.ts";
import type { View } from "./view.ts";

export interface SetbackInput {
  readonly duty: Duty;
  readonly view: View;
  /** The mesh asked for it, and may ask another. */
  readonly isClaimed: boolean;
  readonly nowMs: number;
}

/** What has gone wrong with what this node does, and what it therefore leaves alone for a while. Time is an argument. */
export class Setbacks {
  #brokenAtMs: number | null = null;
  /** In a row, of the same plan. */
  #failures = 0;
  readonly #givenUpUntilMs = new Map<string, number>();

  /** Takes in how the duty fares; `failure` is why it broke, when that is news. */
  look({ duty, view, isClaimed, nowMs }: SetbackInput): Running & { readonly failure?: string } {
    const failure = duty.failure ?? missingWorker(duty.plan, view);
    const isNews = failure !== null && this.#brokenAtMs === null;
    if (failure === null) this.#brokenAtMs = null;
    else if (isNews) this.#break(duty.plan, isClaimed, nowMs);
    if (duty.server !== null) this.#failures = 0;
    return {
      plan: duty.plan,
      broken: failure !== null,
      brokenAtMs: this.#brokenAtMs ?? 0,
      failures: this.#failures,
      ...(isNews ? { failure } : {}),
    };
  }

  /** Something else, or the same once more, takes the place of what has broken. */
  replaced(by: "another" | "same"): void {
    this.#brokenAtMs = null;
    if (by === "another") this.#failures = 0;
  }

  /** Names that this node has given up for now. */
  refuses(nowMs: number): string[] {
    return [...this.#givenUpUntilMs].filter(([, untilMs]) => nowMs < untilMs).map(([name]) => name);
  }

  /** When something that was given up may be tried again. */
  retriesAtMs(nowMs: number): number[] {
    return [...this.#givenUpUntilMs.values()].filter((atMs) => atMs > nowMs);
  }

  #break(plan: Plan, isClaimed: boolean, nowMs: number): void {
    this.#brokenAtMs = nowMs;
    this.#failures++;
    // What the mesh asked for and this node can't do is for another one.
    const isHopeless = isClaimed &&
      (plan.kind === "download" || (plan.kind === "solo" && this.#failures >= GIVE_UP_FAILURES));
    if (isHopeless) this.#givenUpUntilMs.set(modelNameOf(plan) ?? "", nowMs + GIVE_UP_MS);
  }
}

function missingWorker(running: Plan, view: View): string | null {
  if (running.kind !== "host") return null;
  const living = new Set(view.others.map((member) => member.peer));
  const missing = running.workers.find((worker) => !living.has(worker.peer));
  return missing === undefined ? null : `worker ${missing.peer} is gone`;
}
