import type { Logger } from "@logtape/logtape";
import { reasonOf } from "../../base/as_error.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import { decide, type Decision } from "../plan/decide.ts";
import { HOT_HOLD_MS, MAX_RETIRED, NEWS_SETTLE_MS, PLAN_AGAIN_MS } from "../plan/defaults.ts";
import { isSameWork, modelNameOf, workKey } from "../plan/plan.ts";
import type { TargetOptions } from "../plan/target.ts";
import { type Running, transition } from "../plan/transition.ts";
import { modelKey, type View } from "../plan/view.ts";
import { FailureBackoff } from "./failure_backoff.ts";
import { FailureLog } from "./failure_log.ts";
import { type Job, type JobParts, serverFor } from "./job.ts";
import type { Intent } from "./own_announcement.ts";
import { PlanLog } from "./plan_log.ts";
import { type Beside, freeBeside, mayStart } from "./room.ts";
import { Slot } from "./slot.ts";
import { JobStarter } from "./start_job.ts";
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
 * Compares what this node should be doing with what it does, and takes the next steps, for each model by itself. Nothing
 * else starts a server of llama.cpp for a model, or ends one that works while the node runs.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #logger: Logger;
  readonly #starter: JobStarter;
  readonly #failureBackoff = new FailureBackoff();
  readonly #failureLog: FailureLog;
  readonly #planLog: PlanLog;
  readonly #wakeup: Wakeup;
  /** By `workKey`, in the order of the latest plan. */
  #slots: ReadonlyMap<string, Slot> = new Map();
  #decision: Decision = { works: [], cooled: [] };
  /** By name: since when it claims a model. */
  #claimedAtMs: ReadonlyMap<string, number> = new Map();
  /** The models whose servers it has ended by itself, and that it does not serve again. */
  readonly #retired = new Map<string, ModelRef>();
  /** Names that were given up because nobody asked for them. */
  readonly #rested = new Set<string>();
  /** Callers that wait until the request of the user is carried out. */
  #asked: PromiseWithResolvers<void> | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { parts } = options;
    this.#logger = parts.logger;
    this.#failureLog = new FailureLog(parts.logger);
    this.#planLog = new PlanLog(parts.logger);
    this.#starter = new JobStarter(parts);
    this.#wakeup = new Wakeup(parts.after);
  }

  /** None where it is free. */
  get jobs(): readonly Job[] {
    return this.works.map(({ job }) => job);
  }

  get works(): readonly Work[] {
    return [...this.#slots.values()].map(({ shown, work }) => ({
      job: shown,
      reason: work?.reason ?? "",
      pinned: work?.pinned ?? false,
    })).filter(({ job }) => job.plan.kind !== "standby");
  }

  /** The models whose groups this node belongs to by its latest plans. */
  get targets(): readonly ModelRef[] {
    return this.#decision.works.flatMap(({ plan }) =>
      plan.kind === "standby" || plan.kind === "download" ? [] : [plan.model]
    );
  }

  /** It does nothing, and is about to do nothing. */
  get isIdle(): boolean {
    return this.#decision.works.length === 0 && this.#slots.size === 0 && this.#asked === undefined;
  }

  /** Its llama-server did not break: it was ended, and the model is not served again yet. */
  hasRetired(model: ModelRef): boolean {
    return this.#retired.has(modelKey(model)) && serverFor(this.jobs, model) === null;
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

  /** Jobs that failed until now may succeed: they are tried at once. */
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
      const untilMs = this.#tryStep();
      await this.#wakeup.rung(untilMs === null ? null : untilMs - this.#options.parts.now());
    }
    this.#wakeup.end();
    await Promise.all([...this.#slots.values()].map((slot) => this.#end(slot)));
    this.#asked?.resolve();
  }

  get #busy(): Slot[] {
    return [...this.#slots.values()].filter(({ isBusy }) => isBusy);
  }

  /** Plans are made of what others say, and nothing that they say may end this node. */
  #tryStep(): number | null {
    try {
      return this.#options.mayAct?.() === false ? null : this.#step();
    } catch (error) {
      this.#logger.error("Cannot make a plan, and tries again: {error}", { error });
      return this.#options.parts.now() + PLAN_AGAIN_MS;
    }
  }

  /** One look, and at most one step of each slot; returns when to look again without an event. */
  #step(): number | null {
    const options = this.#options;
    const nowMs = options.parts.now();
    const view = options.view(this.jobs, this.intent);
    this.#decide(view, nowMs);
    const times = [...this.#slots.values()].flatMap((slot) => this.#move(slot, view, nowMs) ?? []);
    this.#clear(view);
    options.changed();
    // A user's request is carried out once nothing of it has still to be stopped.
    if (this.#busy.every(({ isEnding }) => !isEnding)) this.#answer();
    return earliest([...times, ...this.#looksAgainAtMs(nowMs)]);
  }

  #answer(): void {
    this.#asked?.resolve();
    this.#asked = undefined;
  }

  #decide(view: View, nowMs: number): void {
    const slots = this.#slots;
    const decision = decide(view, {
      ...this.#options.planOptions(),
      mayCool: (model) => nowMs >= (slots.get(modelKey(model))?.sinceMs ?? -Infinity) + HOT_HOLD_MS,
      rested: this.#rested,
      taken: [...slots.values()].flatMap(({ taken }) => taken ?? []),
    });
    const claims = decision.works.flatMap(({ claim }) => claim ?? []);
    this.#claimedAtMs = new Map(
      claims.map(({ model }) => [model, this.#claimedAtMs.get(model) ?? nowMs]),
    );
    for (const { name } of decision.cooled) this.#rested.add(name);
    for (const { model } of claims) this.#rested.delete(model);
    const works = new Map(decision.works.map((work) => [workKey(work.plan), work]));
    this.#slots = new Map(
      [...new Set([...works.keys(), ...slots.keys()])].map((key) => [
        key,
        slots.get(key) ?? new Slot(),
      ]),
    );
    for (const [key, slot] of this.#slots) slot.plan(works.get(key) ?? null, nowMs);
    this.#decision = decision;
  }

  /** At most one step towards its plan; returns when the next one may be taken, where the time says so. */
  #move(slot: Slot, view: View, nowMs: number): number | null {
    if (slot.isEnding) return null;
    const running = this.#observe(slot, view, nowMs);
    const { next } = slot;
    const decision = transition(running, next, {
      nowMs,
      // A user's request is carried out now, not once the mesh is quiet.
      plannedAtMs: this.#asked === undefined ? slot.plannedAtMs : -Infinity,
      claimedAtMs: this.#rivalsHeardOf(slot, view),
    });
    if (decision.kind === "hold") return decision.untilMs;
    if (decision.kind === "keep") return null;
    if (slot.isBusy) this.#replace(slot, running);
    else this.#start(slot, view, nowMs);
    return null;
  }

  /** Since when others could have claimed the same: a round of gossip shows who goes on with it. */
  #rivalsHeardOf({ next, claim, isBusy }: Slot, { others }: View): number | null {
    const loads = next.kind === "solo" || next.kind === "download";
    const hasRivals = others.some((member) => member.assignable);
    if (!loads || claim === null || isBusy || !hasRivals) return null;
    return this.#claimedAtMs.get(claim.model) ?? null;
  }

  /** When a hot model may be given up, or one that was given up be tried again. */
  #looksAgainAtMs(nowMs: number): number[] {
    const hot = [...this.#slots.values()].filter(({ claim }) => claim?.reason === "hot");
    return [
      ...this.#failureBackoff.retriesAtMs(nowMs),
      ...hot.map(({ sinceMs }) => sinceMs + HOT_HOLD_MS),
    ].filter((atMs) => atMs > nowMs);
  }

  #observe(slot: Slot, view: View, nowMs: number): Running {
    const { parts } = this.#options;
    const { job } = slot;
    const isClaimed = slot.claim !== null;
    const { failure, ...running } = this.#failureBackoff.check({ job, view, isClaimed, nowMs });
    const { plan } = running;
    const model = modelNameOf(plan) ?? "";
    if (slot.served !== null) this.#retired.delete(modelKey(slot.served));
    if (running.failures === 0) this.#failureLog.forget(model);
    if (failure === undefined) return running;
    const isFailed = this.#failureBackoff.failures(nowMs).some((one) => one.model === model);
    this.#failureLog.tell({ model, reason: failure, isFailed });
    const workers = plan.kind === "host" ? plan.workers : [];
    for (const { peer } of workers) parts.mesh.suspect(peer, failure);
    return running;
  }

  /** Ends what runs; the next step starts what should. */
  #replace(slot: Slot, { plan }: Running): void {
    const isSame = isSameWork(slot.next, plan);
    this.#failureBackoff.replaced(plan, isSame ? "same" : "another");
    if (slot.served !== null) this.#retire(slot.served);
    if (!slot.isWanted) this.#planLog.left(plan, this.#decision.cooled);
    void this.#end(slot);
  }

  #retire(model: ModelRef): void {
    this.#retired.set(modelKey(model), model);
    const [oldest] = this.#retired.keys();
    if (this.#retired.size > MAX_RETIRED && oldest !== undefined) this.#retired.delete(oldest);
  }

  async #end(slot: Slot): Promise<void> {
    try {
      await slot.end();
      this.wake();
    } catch (error) {
      this.#logger.error("Cannot stop {model}, and tries again: {reason}", {
        model: modelNameOf(slot.job.plan),
        reason: reasonOf(error),
      });
      this.#wakeup.ringWithin(PLAN_AGAIN_MS);
    }
  }

  get #beside(): Beside {
    const jobsOf = (goOn: boolean) =>
      this.#busy.filter(({ isWanted }) => isWanted === goOn).map(({ job }) => job);
    return { running: jobsOf(true), ending: jobsOf(false) };
  }

  #start(slot: Slot, view: View, nowMs: number): void {
    const { work } = slot;
    if (work === null) return;
    const { memory } = this.#options.parts;
    const beside = this.#beside;
    if (!mayStart(work.plan, { beside, memory, view })) {
      return slot.queue(() => this.#starter.queued(work.plan, view));
    }
    const options = { view, memory: freeBeside(beside, memory), changed: () => this.wake() };
    slot.start(this.#starter.start(work.plan, options), nowMs);
    this.#planLog.started(work, slot.job, view);
  }

  /** Forgets the slots that are over, and says what that leaves. */
  #clear(view: View): void {
    const over = [...this.#slots].filter(([, { isOver }]) => isOver);
    for (const [, { work }] of over) {
      if (work === null) continue;
      this.#failureBackoff.replaced(work.plan, "another");
      this.#failureLog.forget(modelNameOf(work.plan) ?? "");
    }
    this.#slots = new Map([...this.#slots].filter(([, { isOver }]) => !isOver));
    const isSettled = [...this.#slots.values()].every(({ isBusy, isEnding }) =>
      isBusy && !isEnding
    );
    if (isSettled) this.#planLog.settled({ isFree: this.#slots.size === 0, view });
  }
}

function earliest(times: readonly number[]): number | null {
  return times.length === 0 ? null : Math.min(...times);
}
