import type { Logger } from "@logtape/logtape";
import type { Instance, ModelRef } from "../mesh/mod.ts";
import type { Stance } from "./announcement.ts";
import { GIVE_UP_FAILURES, GIVE_UP_MS, HOT_HOLD_MS, NEWS_SETTLE_MS } from "./defaults.ts";
import { downloadDuty } from "./download_duty.ts";
import { type Duty, type DutyParts, idleDuty, sizesOf } from "./duty.ts";
import { HostDuty } from "./host_duty.ts";
import { decide, type Decision } from "./decide.ts";
import { modelNameOf, type Plan, planKey } from "./plan.ts";
import { logPlan } from "./plan_log.ts";
import { SoloDuty } from "./solo_duty.ts";
import type { TargetOptions } from "./target.ts";
import { type Running, transition } from "./transition.ts";
import { everyone, highestTerm, type View } from "./view.ts";
import { WorkerDuty } from "./worker_duty.ts";

export interface ReconcilerOptions {
  /** What the user wants now. */
  readonly planOptions: () => Pick<TargetOptions, "told" | "catalog">;
  readonly parts: DutyParts;
  /** What the mesh looks like now, with this node doing `duty`. */
  readonly view: (duty: Duty, stance: Stance) => View;
  /** The duty or its state has changed: announce it. */
  readonly changed: (duty: Duty) => void;
}

/**
 * Compares what this node should be doing with what it does, and takes the next step. The only
 * place that starts and stops llama.cpp.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #logger: Logger;
  readonly #terms = new Map<string, number>();
  #duty: Duty = idleDuty({ kind: "standby" }, null);
  #decision: Decision = { plan: { kind: "standby" }, claim: null, reason: "", cold: false };
  #plannedAtMs = 0;
  #claimedAtMs = 0;
  /** Since when it does what it does. */
  #sinceMs = 0;
  #brokenAtMs = 0;
  #failures = 0;
  /** Names that were given up because nobody asked for them, and because they never loaded. */
  readonly #rested = new Set<string>();
  readonly #givenUpUntilMs = new Map<string, number>();
  /** Who waits until what the user asked for is done. */
  #asked: PromiseWithResolvers<void> | undefined;
  #wake = Promise.withResolvers<void>();
  #wakesSoon = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#logger = options.parts.logger;
  }

  get duty(): Duty {
    return this.#duty;
  }

  /** The model whose group this node belongs to by its latest plan. */
  get target(): ModelRef | null {
    const { plan } = this.#decision;
    return plan.kind === "standby" || plan.kind === "download" ? null : plan.model;
  }

  get stance(): Stance {
    const nowMs = this.#options.parts.now();
    const refuses = [...this.#givenUpUntilMs].filter(([, untilMs]) => nowMs < untilMs);
    const { claim } = this.#decision;
    return { target: this.target, claim, refuses: refuses.map(([name]) => name) };
  }

  /** Something has changed: look again. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Others have changed, most often not one alone: look again once the rest of it was heard. */
  wakeSoon(): void {
    if (this.#wakesSoon) return;
    this.#wakesSoon = true;
    this.#options.parts.after(NEWS_SETTLE_MS, () => {
      this.#wakesSoon = false;
      this.wake();
    });
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
      const untilMs = await this.#step(signal);
      await this.#sleep(untilMs);
    }
    await this.#duty.stop();
    this.#asked?.resolve();
  }

  /** One look and at most one step; returns when to look again without an event. */
  async #step(signal: AbortSignal): Promise<number | null> {
    const options = this.#options;
    const nowMs = options.parts.now();
    const asked = this.#asked;
    this.#asked = undefined;
    const view = options.view(this.#duty, this.stance);
    this.#decide(view, nowMs);
    // Who asks for it means now, not once the mesh is quiet.
    if (asked !== undefined) this.#plannedAtMs = -Infinity;
    const next = this.#decision.plan;
    const running = this.#observe(view, nowMs);
    const times = {
      nowMs,
      plannedAtMs: this.#plannedAtMs,
      claimedAtMs: this.#awaitsRivals(view) ? this.#claimedAtMs : null,
    };
    const decision = transition(running, next, times);
    if (decision.kind === "replace") await this.#replace({ view, running, signal });
    options.changed(this.#duty);
    asked?.resolve();
    return decision.kind === "hold" ? decision.untilMs : this.#looksAgainAtMs(nowMs);
  }

  #decide(view: View, nowMs: number): void {
    const before = this.#decision;
    const decision = decide(view, {
      ...this.#options.planOptions(),
      mayCool: nowMs >= this.#sinceMs + HOT_HOLD_MS,
      rested: this.#rested,
    });
    if (planKey(decision.plan) !== planKey(before.plan)) this.#plannedAtMs = nowMs;
    if (decision.claim?.model !== before.claim?.model) this.#claimedAtMs = nowMs;
    if (decision.cold) this.#rested.add(modelNameOf(this.#duty.plan) ?? "");
    else if (decision.claim !== null) this.#rested.delete(decision.claim.model);
    this.#decision = decision;
  }

  /** Others could claim the same: a round of gossip shows who goes on with it. */
  #awaitsRivals({ others }: View): boolean {
    const { plan, claim } = this.#decision;
    const loads = plan.kind === "solo" || plan.kind === "download";
    return loads && claim !== null && modelNameOf(this.#duty.plan) !== claim.model &&
      others.some((member) => member.assignable);
  }

  /** When a hot model may be given up, or one that was given up be tried again. */
  #looksAgainAtMs(nowMs: number): number | null {
    const isHot = this.#decision.claim?.reason === "hot";
    const times = [
      ...this.#givenUpUntilMs.values(),
      ...(isHot ? [this.#sinceMs + HOT_HOLD_MS] : []),
    ].filter((atMs) => atMs > nowMs);
    return times.length === 0 ? null : Math.min(...times);
  }

  #observe(view: View, nowMs: number): Running {
    const failure = this.#duty.failure ?? missingWorker(this.#duty.plan, view);
    if (failure === null) this.#brokenAtMs = 0;
    else if (this.#brokenAtMs === 0) this.#break(failure, nowMs);
    if (this.#duty.server !== null) this.#failures = 0;
    return {
      plan: this.#duty.plan,
      broken: failure !== null,
      brokenAtMs: this.#brokenAtMs,
      failures: this.#failures,
    };
  }

  #break(failure: string, nowMs: number): void {
    this.#brokenAtMs = nowMs;
    this.#failures++;
    const { plan } = this.#duty;
    const model = modelNameOf(plan) ?? "";
    if (this.#isHopeless(plan)) this.#givenUpUntilMs.set(model, nowMs + GIVE_UP_MS);
    this.#logger.warn("{model} can not be served as planned: {failure}", { model, failure });
    if (plan.kind !== "host") return;
    for (const { peer } of plan.workers) this.#options.parts.mesh.suspect(peer, failure);
  }

  /** What the mesh asked for and this node can't do is for another one. */
  #isHopeless({ kind }: Plan): boolean {
    if (this.#decision.claim === null) return false;
    return kind === "download" || (kind === "solo" && this.#failures >= GIVE_UP_FAILURES);
  }

  async #replace(
    { view, running, signal }: { view: View; running: Running; signal: AbortSignal },
  ): Promise<void> {
    const { plan: next } = this.#decision;
    if (planKey(next) !== planKey(running.plan)) this.#failures = 0;
    await this.#duty.stop();
    if (signal.aborted) return;
    this.#brokenAtMs = 0;
    try {
      this.#duty = this.#start(next, view);
    } catch (error) {
      this.#duty = idleDuty(next, null, error instanceof Error ? error.message : String(error));
    }
    this.#sinceMs = this.#options.parts.now();
    logPlan(this.#logger, this.#decision, this.#duty, view);
  }

  #start(next: Plan, view: View): Duty {
    const { parts } = this.#options;
    const changed = () => this.wake();
    switch (next.kind) {
      case "solo":
        return new SoloDuty(next, this.#newTerm(next.model, view), parts, changed);
      case "host":
        return new HostDuty(next, this.#newTerm(next.model, view), parts, changed);
      case "worker":
        return new WorkerDuty(next, parts, changed);
      case "waiting":
        return idleDuty(next, waitingInstance(next, this.#newTerm(next.model, view), parts));
      case "download":
        return downloadDuty(next, parts, changed);
      case "follow":
      case "standby":
        return idleDuty(next, null);
    }
  }

  /** Above every term that this node has seen for the model, those of the dead included. */
  #newTerm(model: ModelRef, view: View): number {
    const seen = Math.max(
      this.#terms.get(model.fingerprint) ?? 0,
      highestTerm(everyone(view), model),
    );
    this.#terms.set(model.fingerprint, seen + 1);
    return seen + 1;
  }

  async #sleep(untilMs: number | null): Promise<void> {
    const pauseMs = untilMs === null ? null : Math.max(0, untilMs - this.#options.parts.now());
    const cancel = pauseMs === null
      ? undefined
      : this.#options.parts.after(pauseMs, () => this.wake());
    await this.#wake.promise;
    cancel?.();
    this.#wake = Promise.withResolvers();
  }
}

function missingWorker(running: Plan, view: View): string | null {
  if (running.kind !== "host") return null;
  const living = new Set(view.others.map((member) => member.peer));
  const missing = running.workers.find((worker) => !living.has(worker.peer));
  return missing === undefined ? null : `worker ${missing.peer} is gone`;
}

function waitingInstance(
  { model, needBytes, haveBytes }: Extract<Plan, { kind: "waiting" }>,
  term: number,
  parts: DutyParts,
): Instance {
  return {
    model,
    ...sizesOf(parts, { model }),
    mode: "split",
    state: "waiting",
    term,
    hostShare: 0,
    workers: [],
    needBytes,
    haveBytes,
  };
}
