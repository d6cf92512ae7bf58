import type { Logger } from "@logtape/logtape";
import type { Claim, ModelRef } from "../../mesh/mod.ts";
import { idleReason } from "../plan/reasons.ts";
import type { Intent } from "./own_announcement.ts";
import { decide, type Decision, type PlannedWork } from "../plan/decide.ts";
import { HOT_HOLD_MS, NEWS_SETTLE_MS, PLAN_AGAIN_MS } from "../plan/defaults.ts";
import { idleJob, type Job, type JobParts, serverFor } from "./job.ts";
import { FailureLog } from "./failure_log.ts";
import { isSameWork, modelNameOf, type Plan, planKey } from "../plan/plan.ts";
import { logPlan } from "./plan_log.ts";
import { FailureBackoff } from "./failure_backoff.ts";
import { JobStarter } from "./start_job.ts";
import type { TargetOptions } from "../plan/target.ts";
import { type Running, transition } from "../plan/transition.ts";
import { sameModel, type View } from "../plan/view.ts";
import { Wakeup } from "./wakeup.ts";

export interface ReconcilerOptions {
  /** The wishes of the user now. */
  readonly planOptions: () => Pick<TargetOptions, "pinned" | "catalog">;
  readonly parts: JobParts;
  /** The current view of the mesh, with this node doing these jobs. */
  readonly view: (jobs: readonly Job[], intent: Intent) => View;
  /** False while it can't see the others: then it plans nothing. @default {() => true} */
  readonly mayAct?: () => boolean;
  /** A job or its state has changed: announce it. */
  readonly changed: () => void;
}

/** A job, and why this node does it. */
export interface Work {
  readonly job: Job;
  /** For people. */
  readonly reason: string;
  /** Its user said so. */
  readonly pinned: boolean;
}

/**
 * Compares what this node should be doing with what it does, and takes the next step. Nothing else starts a server
 * of llama.cpp for a model, or ends one that works while the node runs.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #logger: Logger;
  readonly #starter: JobStarter;
  readonly #failureBackoff = new FailureBackoff();
  readonly #failureLog: FailureLog;
  readonly #wakeup: Wakeup;
  #job: Job = idleJob({ kind: "standby" }, null);
  #decision: Decision = { works: [], cooled: [] };
  /** Its plan was logged: at the start also that it is free. */
  #hasSaid = false;
  #plannedAtMs = -Infinity;
  #claimedAtMs = -Infinity;
  /** The claim that it acts on because the mesh needs it, and since when. */
  #taken: Claim | null = null;
  #sinceMs = -Infinity;
  /** The model that it served last and has stopped serving by itself, for another one. */
  #retired: ModelRef | null = null;
  /** Names that were given up because nobody asked for them. */
  readonly #rested = new Set<string>();
  /** Callers that wait until the request of the user is carried out. */
  #asked: PromiseWithResolvers<void> | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { parts } = options;
    this.#logger = parts.logger;
    this.#failureLog = new FailureLog(parts.logger);
    this.#starter = new JobStarter(parts);
    this.#wakeup = new Wakeup(parts.after);
  }

  /** None where it is free. */
  get jobs(): readonly Job[] {
    return this.works.map(({ job }) => job);
  }

  get works(): readonly Work[] {
    if (this.#job.plan.kind === "standby") return [];
    const { reason, pinned } = this.#next;
    return [{ job: this.#job, reason, pinned }];
  }

  /** The models whose groups this node belongs to by its latest plans. */
  get targets(): readonly ModelRef[] {
    return this.#decision.works.flatMap(({ plan }) =>
      plan.kind === "standby" || plan.kind === "download" ? [] : [plan.model]
    );
  }

  /** It does nothing, and is about to do nothing. */
  get isIdle(): boolean {
    return this.#decision.works.length === 0 && this.jobs.length === 0 && this.#asked === undefined;
  }

  /** Its llama-server did not break: it was ended, and the model is not served again yet. */
  hasRetired(model: ModelRef): boolean {
    const serves = serverFor(this.jobs, model) !== null;
    return this.#retired !== null && sameModel(this.#retired, model) && !serves;
  }

  get intent(): Intent {
    const nowMs = this.#options.parts.now();
    return {
      targets: this.targets,
      claims: this.#decision.works.flatMap(({ claim }) => claim ?? []),
      refuses: this.#failureBackoff.refuses(nowMs),
      failures: this.#failureBackoff.failures(nowMs),
    };
  }

  /** Something has changed: look again. */
  wake(): void {
    this.#wakeup.ring();
  }

  /** A job that failed until now may succeed: it is tried at once. */
  retry(): void {
    this.#failureBackoff.forgive();
    this.wake();
  }

  /** Others have changed, most often not one alone: look again once the rest of it was heard. */
  wakeSoon(): void {
    this.#wakeup.ringWithin(NEWS_SETTLE_MS);
  }

  /** The user wants something else: it is done at once, and has happened when this resolves. */
  reconsider(): Promise<void> {
    this.#asked ??= Promise.withResolvers();
    this.wake();
    return this.#asked.promise;
  }

  /** Runs until the signal aborts, then ends what it has started. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.wake(), { once: true });
    while (!signal.aborted) {
      const untilMs = await this.#tryStep(signal);
      await this.#wakeup.rung(untilMs === null ? null : untilMs - this.#options.parts.now());
    }
    this.#wakeup.end();
    await this.#job.stop();
    this.#asked?.resolve();
  }

  /** Plans are made of what others say, and nothing that they say may end this node. */
  async #tryStep(signal: AbortSignal): Promise<number | null> {
    const asked = this.#asked;
    try {
      return await this.#step(signal);
    } catch (error) {
      this.#logger.error("Cannot make a plan, and tries again: {error}", { error });
      this.#asked ??= asked;
      return this.#options.parts.now() + PLAN_AGAIN_MS;
    }
  }

  /** One look and at most one step; returns when to look again without an event. */
  async #step(signal: AbortSignal): Promise<number | null> {
    const options = this.#options;
    if (options.mayAct?.() === false) return null;
    const nowMs = options.parts.now();
    const asked = this.#asked;
    this.#asked = undefined;
    const view = options.view(this.jobs, this.intent);
    this.#decide(view, nowMs);
    // A user's request is carried out now, not once the mesh is quiet.
    if (asked !== undefined) this.#plannedAtMs = -Infinity;
    const next = this.#next.plan;
    const running = this.#observe(view, nowMs);
    const times = {
      nowMs,
      plannedAtMs: this.#plannedAtMs,
      claimedAtMs: this.#awaitsRivals(view) ? this.#claimedAtMs : null,
    };
    const decision = transition(running, next, times);
    if (decision.kind === "replace") await this.#replace({ view, running, signal });
    else if (decision.kind === "keep" && !this.#hasSaid) this.#say(this.#job.plan, view);
    options.changed();
    asked?.resolve();
    return decision.kind === "hold" ? decision.untilMs : this.#looksAgainAtMs(nowMs);
  }

  #decide(view: View, nowMs: number): void {
    const before = this.#next;
    const decision = decide(view, {
      ...this.#options.planOptions(),
      mayCool: () => nowMs >= this.#sinceMs + HOT_HOLD_MS,
      rested: this.#rested,
      taken: this.#taken === null ? [] : [this.#taken],
    });
    this.#decision = decision;
    const { plan, claim } = this.#next;
    if (planKey(plan) !== planKey(before.plan)) this.#plannedAtMs = nowMs;
    if (claim?.model !== before.claim?.model) this.#claimedAtMs = nowMs;
    for (const { name } of decision.cooled) this.#rested.add(name);
    if (claim !== null) this.#rested.delete(claim.model);
  }

  /** The work that it should be doing. */
  get #next(): PlannedWork {
    const { works: [work], cooled } = this.#decision;
    const reason = idleReason(cooled.length > 0);
    return work ?? { plan: { kind: "standby" }, claim: null, reason, pinned: false };
  }

  /** Others could claim the same: a round of gossip shows who goes on with it. */
  #awaitsRivals({ others }: View): boolean {
    const { plan, claim } = this.#next;
    const loads = plan.kind === "solo" || plan.kind === "download";
    return loads && claim !== null && modelNameOf(this.#job.plan) !== claim.model &&
      others.some((member) => member.assignable);
  }

  /** When a hot model may be given up, or one that was given up be tried again. */
  #looksAgainAtMs(nowMs: number): number | null {
    const isHot = this.#next.claim?.reason === "hot";
    const times = [
      ...this.#failureBackoff.retriesAtMs(nowMs),
      ...(isHot ? [this.#sinceMs + HOT_HOLD_MS] : []),
    ].filter((atMs) => atMs > nowMs);
    return times.length === 0 ? null : Math.min(...times);
  }

  #observe(view: View, nowMs: number): Running {
    const { parts } = this.#options;
    const isClaimed = this.#next.claim !== null;
    const { failure, ...running } = this.#failureBackoff.check({
      job: this.#job,
      view,
      isClaimed,
      nowMs,
    });
    if (running.failures === 0) this.#failureLog.forget();
    if (failure === undefined) return running;
    const { plan } = running;
    const model = modelNameOf(plan) ?? "";
    const isFailed = this.#failureBackoff.failures(nowMs).some((one) => one.model === model);
    this.#failureLog.tell({ model, reason: failure, isFailed });
    const workers = plan.kind === "host" ? plan.workers : [];
    for (const { peer } of workers) parts.mesh.suspect(peer, failure);
    return running;
  }

  async #replace(
    { view, running, signal }: { view: View; running: Running; signal: AbortSignal },
  ): Promise<void> {
    const { plan: next, claim } = this.#next;
    const { instance, server } = this.#job;
    this.#retired = server === null || instance === null ? null : instance.model;
    await this.#job.stop();
    if (signal.aborted) return;
    this.#failureBackoff.replaced(isSameWork(next, running.plan) ? "same" : "another");
    this.#job = this.#starter.start(next, view, () => this.wake());
    this.#taken = claim;
    this.#sinceMs = this.#options.parts.now();
    this.#say(running.plan, view);
  }

  #say(before: Plan, view: View): void {
    this.#hasSaid = true;
    logPlan(this.#logger, { work: this.#next, before, job: this.#job, view });
  }
}
