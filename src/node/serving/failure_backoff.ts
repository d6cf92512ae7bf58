import { kindOfCause } from "../../engine/mod.ts";
import type { ModelFailure } from "../../mesh/mod.ts";
import { FAILED_REPEATS, GIVE_UP_MS, WORKER_LOSS_MS } from "../plan/defaults.ts";
import type { Job } from "./job.ts";
import { modelNameOf, type Plan } from "../plan/plan.ts";
import type { Running } from "../plan/transition.ts";
import type { View } from "../plan/view.ts";

export interface FailureInput {
  readonly job: Job;
  readonly view: View;
  /** The mesh asked for it, and may ask another. */
  readonly isClaimed: boolean;
  readonly nowMs: number;
}

/** Failures of one plan without a success between them. */
interface Streak {
  readonly failures: number;
  /** How many of the latest had the same kind of reason. */
  readonly repeats: number;
  readonly sinceMs: number;
  readonly reason: string;
  /** It is not expected to succeed as things are. */
  readonly isFailed: boolean;
}

const NO_STREAK: Streak = { failures: 0, repeats: 0, sinceMs: 0, reason: "", isFailed: false };

interface GivenUp {
  readonly untilMs: number;
  readonly reason: string;
}

/** The failures of this node's jobs, and the models that it therefore leaves alone for a while. Time is an argument. */
export class FailureBackoff {
  #brokenAtMs: number | null = null;
  #streak = NO_STREAK;
  /** The model that the streak is about. */
  #model = "";
  readonly #givenUp = new Map<string, GivenUp>();

  /** Takes in how the job fares; `failure` is why it broke, when that is news. */
  check({ job, view, isClaimed, nowMs }: FailureInput): Running & { readonly failure?: string } {
    const lost = missingWorker(job.plan, view);
    const failure = job.failure ?? lost;
    const isNews = failure !== null && this.#brokenAtMs === null;
    if (failure === null) this.#brokenAtMs = null;
    else if (isNews) this.#break({ job, failure, isClaimed, nowMs });
    if (works(job)) this.#succeed(job.plan);
    return {
      plan: job.plan,
      broken: failure !== null,
      brokenAtMs: this.#brokenAtMs ?? 0,
      failures: this.#streak.failures,
      ...(isNews ? { failure } : {}),
    };
  }

  /** Something else, or the same once more, takes the place of what has broken. */
  replaced(by: "another" | "same"): void {
    this.#brokenAtMs = null;
    if (by === "another") this.#streak = NO_STREAK;
  }

  /** A file has changed, or the user says so: everything is tried again at once. */
  forgive(): void {
    if (this.#brokenAtMs !== null) this.#brokenAtMs = -Infinity;
    this.#streak = NO_STREAK;
    this.#givenUp.clear();
  }

  /** Names that this node has given up for now. */
  refuses(nowMs: number): string[] {
    return this.#now(nowMs).map(([name]) => name);
  }

  /** When something that was given up may be tried again. */
  retriesAtMs(nowMs: number): number[] {
    return this.#now(nowMs).map(([, { untilMs }]) => untilMs);
  }

  /** The models that it can't serve, though it may go on trying. */
  failures(nowMs: number): ModelFailure[] {
    const givenUp = this.#now(nowMs).map(([model, { reason }]) => ({ model, reason }));
    const { isFailed, reason } = this.#streak;
    const isListed = !isFailed || givenUp.some(({ model }) => model === this.#model);
    return isListed ? givenUp : [{ model: this.#model, reason }, ...givenUp];
  }

  #now(nowMs: number): [string, GivenUp][] {
    return [...this.#givenUp].filter(([, { untilMs }]) => nowMs < untilMs);
  }

  #succeed(plan: Plan): void {
    this.#streak = NO_STREAK;
    this.#givenUp.delete(modelNameOf(plan) ?? "");
  }

  #break(
    { job, failure, isClaimed, nowMs }: {
      readonly job: Job;
      readonly failure: string;
      readonly isClaimed: boolean;
      readonly nowMs: number;
    },
  ): void {
    this.#brokenAtMs = nowMs;
    this.#model = modelNameOf(job.plan) ?? "";
    const isFleeting = job.failure === null || job.blamesLoss;
    this.#streak = longer(this.#streak, { reason: failure, isFleeting, nowMs });
    // A model that the mesh asked for and that this node can't serve is left to another node.
    const isHopeless = isClaimed && (job.plan.kind === "download" || this.#streak.isFailed);
    if (isHopeless) {
      this.#givenUp.set(this.#model, { untilMs: nowMs + GIVE_UP_MS, reason: failure });
    }
  }
}

/**
 * The same end twice comes once more. A machine that was lost is another matter: the mesh takes a while to notice, and
 * then the plan is another.
 */
function longer(
  streak: Streak,
  { reason, isFleeting, nowMs }: {
    readonly reason: string;
    readonly isFleeting: boolean;
    readonly nowMs: number;
  },
): Streak {
  const isSame = kindOfCause(reason) === kindOfCause(streak.reason);
  const repeats = isSame ? streak.repeats + 1 : 1;
  const failures = streak.failures + 1;
  const sinceMs = streak.failures === 0 ? nowMs : streak.sinceMs;
  const isFailed = isFleeting
    ? failures >= FAILED_REPEATS && nowMs - sinceMs >= WORKER_LOSS_MS
    : repeats >= FAILED_REPEATS || failures > FAILED_REPEATS;
  return { failures, repeats, sinceMs, reason, isFailed };
}

/** It answers, or its rpc-server does. */
function works({ server, rpcPort }: Job): boolean {
  return server !== null || rpcPort !== null;
}

function missingWorker(running: Plan, view: View): string | null {
  if (running.kind !== "host") return null;
  const living = new Set(view.others.map((member) => member.peer));
  const missing = running.workers.find((worker) => !living.has(worker.peer));
  return missing === undefined ? null : `worker ${missing.peer} is gone`;
}
