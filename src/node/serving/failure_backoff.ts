import { kindOfCause } from "../../engine/mod.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import { FAILED_REPEATS, GIVE_UP_MS, WORKER_LOSS_MS } from "../plan/defaults.ts";
import type { Job } from "./job.ts";
import { modelOf, type Plan, workKey } from "../plan/plan.ts";
import type { Running } from "../plan/transition.ts";
import { modelKey, sameModel, type View } from "../plan/view.ts";

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

const NO_MODEL: ModelRef = { name: "", fingerprint: "" };
const NO_STREAK: Streak = { failures: 0, repeats: 0, sinceMs: 0, reason: "", isFailed: false };

/** Of one file: another one of its name may well be served. */
export interface FailedModel {
  /** A download that failed has no fingerprint. */
  readonly model: ModelRef;
  readonly reason: string;
}

/** The failures of one model. */
interface Trouble {
  readonly model: ModelRef;
  /** `null` while it works, or is tried. */
  readonly brokenAtMs: number | null;
  readonly streak: Streak;
}

interface GivenUp extends FailedModel {
  readonly untilMs: number;
}

/**
 * The failures of this node's jobs, each model by itself, and the models that it therefore leaves alone for a while. Time
 * is an argument.
 */
export class FailureBackoff {
  /** By `workKey`, of those that have failed and are still planned. */
  readonly #troubles = new Map<string, Trouble>();
  /** By `workKey`. */
  readonly #givenUp = new Map<string, GivenUp>();

  /** Takes in how a job fares; `failure` is why it broke, when that is news. */
  check({ job, view, isClaimed, nowMs }: FailureInput): Running & { readonly failure?: string } {
    const { plan } = job;
    const before = this.#troubleOf(plan);
    const failure = job.failure ?? missingWorker(plan, view);
    const isNews = failure !== null && before.brokenAtMs === null;
    if (isNews) this.#break({ job, failure, isClaimed, nowMs });
    else if (failure === null && before.brokenAtMs !== null) this.#mend(plan);
    if (works(job)) this.#succeed(plan);
    const { brokenAtMs, streak } = this.#troubleOf(plan);
    return {
      plan,
      broken: failure !== null,
      brokenAtMs: brokenAtMs ?? 0,
      failures: streak.failures,
      ...(isNews ? { failure } : {}),
    };
  }

  /** Something else, or the same once more, takes the place of what this plan was for. */
  replaced(plan: Plan, by: "another" | "same"): void {
    if (by === "another") this.#troubles.delete(workKey(plan));
    else this.#mend(plan);
  }

  /** A file has changed, or the user says so: everything is tried again at once. */
  forgive(): void {
    for (const [key, { model, brokenAtMs }] of this.#troubles) {
      const trouble = { model, brokenAtMs: brokenAtMs === null ? null : -Infinity };
      this.#troubles.set(key, { ...trouble, streak: NO_STREAK });
    }
    this.#givenUp.clear();
  }

  /** The models that this node has given up for now. */
  refuses(nowMs: number): ModelRef[] {
    return this.#now(nowMs).map(({ model }) => model);
  }

  /** When something that was given up may be tried again. */
  retriesAtMs(nowMs: number): number[] {
    return this.#now(nowMs).map(({ untilMs }) => untilMs);
  }

  /** The models that it can't serve, though it may go on trying. */
  failures(nowMs: number): FailedModel[] {
    const givenUp = this.#now(nowMs);
    const failing = [...this.#troubles.values()].filter(({ model, streak }) =>
      streak.isFailed && !givenUp.some((one) => sameModel(one.model, model))
    );
    return [
      ...failing.map(({ model, streak: { reason } }) => ({ model, reason })),
      ...givenUp.map(({ model, reason }) => ({ model, reason })),
    ];
  }

  #troubleOf(plan: Plan): Trouble {
    const model = modelOf(plan) ?? NO_MODEL;
    return this.#troubles.get(workKey(plan)) ?? { model, brokenAtMs: null, streak: NO_STREAK };
  }

  #now(nowMs: number): GivenUp[] {
    return [...this.#givenUp.values()].filter(({ untilMs }) => nowMs < untilMs);
  }

  #mend(plan: Plan): void {
    const trouble = this.#troubles.get(workKey(plan));
    if (trouble !== undefined) this.#troubles.set(workKey(plan), { ...trouble, brokenAtMs: null });
  }

  #succeed(plan: Plan): void {
    const { model, brokenAtMs } = this.#troubleOf(plan);
    if (brokenAtMs === null) this.#troubles.delete(workKey(plan));
    else this.#troubles.set(workKey(plan), { model, brokenAtMs, streak: NO_STREAK });
    this.#givenUp.delete(workKey(plan));
    // A file of the name is here, whoever has brought it.
    this.#givenUp.delete(modelKey({ ...model, fingerprint: "" }));
  }

  #break(
    { job: { plan, failure: own, blamesLoss }, failure, isClaimed, nowMs }: {
      readonly job: Job;
      readonly failure: string;
      readonly isClaimed: boolean;
      readonly nowMs: number;
    },
  ): void {
    const { model, streak: before } = this.#troubleOf(plan);
    const isFleeting = own === null || blamesLoss;
    const streak = longer(before, { reason: failure, isFleeting, nowMs });
    this.#troubles.set(workKey(plan), { model, brokenAtMs: nowMs, streak });
    // A model that the mesh asked for and that this node can't serve is left to another node.
    const isHopeless = isClaimed && (plan.kind === "download" || streak.isFailed);
    if (!isHopeless) return;
    this.#givenUp.set(workKey(plan), { model, reason: failure, untilMs: nowMs + GIVE_UP_MS });
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
