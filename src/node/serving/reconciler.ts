import type { Logger } from "@logtape/logtape";
import { reasonOf } from "../../base/as_error.ts";
import { isNamed } from "../../base/model_ids.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import { HOT_HOLD_MS, NEWS_SETTLE_MS, PLAN_AGAIN_MS, TURN_CHECK_MS } from "../plan/defaults.ts";
import { runsAlike } from "../plan/model_settings.ts";
import { idIn, isSameWork, modelNameOf, type Plan, workKey } from "../plan/plan.ts";
import { type Running, serves, transition } from "../plan/transition.ts";
import { instanceOf, modelKey, type View } from "../plan/view.ts";
import { FailureBackoff } from "./failure_backoff.ts";
import { FailureLog } from "./failure_log.ts";
import { type Job, type JobParts, type LocalServer, serverFor } from "./job.ts";
import type { Intent } from "./own_announcement.ts";
import { PlanLog } from "./plan_log.ts";
import { Planner, type PlanOptions } from "./planner.ts";
import { RetiredModels } from "./retired_models.ts";
import { freeBeside, giversFor, leftAfter, lessKept, mayStart, type Place } from "./room.ts";
import type { Drained, Slot } from "./slot.ts";
import { Slots } from "./slots.ts";
import { JobStarter } from "./start_job.ts";
import { Wakeup } from "./wakeup.ts";

export interface ReconcilerOptions {
  /** The wishes of the user now. */
  readonly planOptions: () => PlanOptions;
  readonly parts: JobParts;
  /** The current view of the mesh, with this node doing these jobs. */
  readonly view: (jobs: readonly Job[], intent: Intent) => View;
  /** False while it can't see the others: then it plans nothing. @default {() => true} */
  readonly mayAct?: () => boolean;
  /** For how long nobody has waited for an answer of the model here; `null` while somebody does. @default {() => Infinity} */
  readonly idleMs?: (model: ModelRef) => number | null;
  /** Lets no more in to this server; `null` where nobody waits for an answer of it. @default {() => null} */
  readonly drain?: (server: LocalServer) => Drained | null;
  /** After how long the view is another although nothing happens. @default {() => null} */
  readonly changesInMs?: () => number | null;
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
  readonly #slots = new Slots();
  readonly #planner = new Planner();
  readonly #retired = new RetiredModels();
  /** Callers that wait until the request of the user is carried out. */
  #asked: PromiseWithResolvers<void> | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { parts } = options;
    this.#logger = parts.logger;
    this.#failureLog = new FailureLog(parts.logger);
    this.#planLog = new PlanLog(parts.logger, parts.idOf);
    this.#starter = new JobStarter(parts);
    this.#wakeup = new Wakeup(parts.after);
  }

  /** None where it is free. */
  get jobs(): readonly Job[] {
    return this.works.map(({ job }) => job);
  }

  get works(): readonly Work[] {
    const { all } = this.#slots;
    const draining = all.flatMap((slot) => slot.isDraining ? modelNameOf(slot.job.plan) ?? [] : []);
    return all.map((slot) => ({
      job: withWait(slot, draining),
      reason: slot.work?.reason ?? "",
      pinned: slot.work?.pinned ?? false,
    })).filter(({ job }) => isBusy(job));
  }

  /** The models whose groups this node belongs to by its latest plans. */
  get targets(): readonly ModelRef[] {
    return this.#planner.targets;
  }

  /** It does nothing, and is about to do nothing. */
  get isIdle(): boolean {
    return this.#planner.isIdle && this.#slots.all.length === 0 &&
      this.#asked === undefined;
  }

  /** Its llama-server did not break: it was ended, and the model is not served again yet. */
  hasRetired(model: ModelRef): boolean {
    return this.#retired.has(model) && serverFor(this.jobs, model) === null;
  }

  get intent(): Intent {
    const nowMs = this.#options.parts.now();
    return {
      targets: this.targets,
      // A model that it is about to give up is there because the mesh needed it, not because its user wants it.
      claims: [...this.#planner.claims, ...this.#slots.leaving],
      refuses: this.#failureBackoff.refuses(nowMs),
      failures: this.#failureBackoff.failures(nowMs),
      turns: this.#turns,
    };
  }

  /** Names of the models that wait here until others have had their turn. */
  get #turns(): readonly string[] {
    const { all } = this.#slots;
    const isFreed = all.some(({ isDraining }) => isDraining);
    const queued = isFreed ? all.filter(({ isWanted, isBusy }) => isWanted && !isBusy) : [];
    const names = queued.flatMap(({ next }) => modelNameOf(next) ?? []);
    return [...new Set([...this.#planner.turns, ...names])];
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

  /** Its user wants a model no longer: it goes on while nothing else needs its place. */
  release(model: ModelRef): void {
    this.#slots.release(model);
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
    for (const slot of this.#slots.all) slot.hurry();
    await Promise.all(this.#slots.all.map((slot) => this.#stop(slot)));
    this.#asked?.resolve();
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
    const view = options.view(
      this.#slots.all.map(({ planned }) => planned).filter(isBusy),
      this.intent,
    );
    for (const slot of this.#slots.all) slot.observe(nowMs);
    this.#planner.plan(view, {
      ...options.planOptions(),
      idleMs: this.#idleMs,
      slots: this.#slots,
      nowMs,
    });
    const times = this.#slots.all.flatMap((slot) => this.#move(slot, view, nowMs) ?? []);
    this.#clear(view);
    options.changed();
    // A user's request is carried out once nothing of it has still to be stopped.
    if (this.#slots.isQuiet) this.#answer();
    return earliest([...times, ...this.#looksAgainAtMs(nowMs)]);
  }

  #answer(): void {
    this.#asked?.resolve();
    this.#asked = undefined;
  }

  /** At most one step towards its plan; returns when the next one may be taken, where the time says so. */
  #move(slot: Slot, view: View, nowMs: number): number | null {
    if (slot.isEnding) return this.#hurry(slot, view);
    const running = this.#observe(slot, view, nowMs);
    const { next } = slot;
    if (this.#hasNewSettings(slot)) {
      this.#replace(slot, "another", { isAwaited: true });
      return null;
    }
    const decision = transition(running, next, {
      nowMs,
      plannedAtMs: this.#isDue(slot) ? -Infinity : slot.plannedAtMs,
      claimedAtMs: this.#rivalsHeardOf(slot, view),
      isAnswered: isAnsweredElsewhere(slot, view),
    });
    if (decision.kind === "hold") return decision.untilMs;
    if (decision.kind === "keep") return null;
    const by = isSameWork(next, running.plan) ? "same" : "another";
    // Nobody gets an answer of what is broken, and a user who gives up a model means it.
    const isAwaited = !running.broken && !isGivenUp(slot, view);
    if (slot.isBusy) this.#replace(slot, by, { isAwaited });
    else this.#start(slot, view, nowMs);
    return null;
  }

  /** Its model is to be loaded anew, with settings that it was not started with. */
  #hasNewSettings({ job: { plan, settings }, next }: Slot): boolean {
    if (settings === undefined || !serves(plan) || !isSameWork(plan, next)) return false;
    return !runsAlike(settings, this.#options.parts.settingsOf(plan.model));
  }

  /** A user's request is carried out now, not once the mesh is quiet, and somebody waits for what takes a model's place. */
  #isDue({ served }: Slot): boolean {
    return this.#asked !== undefined || (served !== null && this.#planner.hasYielded(served));
  }

  /** A user who gives up a model means it: the last answers are not waited for. */
  #hurry(slot: Slot, view: View): null {
    if (isGivenUp(slot, view)) slot.hurry();
    return null;
  }

  /**
   * Since when others could have claimed the same: a round of gossip shows who goes on with it. Machines that come at one
   * moment also call one another for help before they have heard who serves what.
   */
  #rivalsHeardOf({ next, claim, isBusy, served }: Slot, { others }: View): number | null {
    const hasRivals = others.some((member) => member.assignable);
    if (hasRivals && served !== null && this.#planner.hasYielded(served)) {
      return this.#planner.yieldsSinceMs(served);
    }
    if (next.kind === "host" || next.kind === "worker") return null;
    if (claim === null || isBusy || !hasRivals) return null;
    return this.#planner.claimedAtMs(claim.model);
  }

  /** When a hot model may be given up, or one that was given up be tried again. */
  #looksAgainAtMs(nowMs: number): number[] {
    const hot = this.#slots.all.filter(({ claim }) => claim?.reason === "hot");
    const turns = this.#planner.waitsForTurn ? [nowMs + TURN_CHECK_MS] : [];
    const changesInMs = this.#options.changesInMs?.() ?? null;
    return [
      ...turns,
      ...(changesInMs === null ? [] : [nowMs + Math.max(1, changesInMs)]),
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
    const key = workKey(plan);
    if (slot.served !== null) this.#retired.delete(slot.served);
    if (running.failures === 0) this.#failureLog.forget(key);
    if (failure === undefined) return running;
    const isFailed = this.#failureBackoff.failures(nowMs)
      .some(({ model }) => modelKey(model) === key);
    this.#failureLog.tell({ key, model: this.#idOf(plan), reason: failure, isFailed });
    const workers = plan.kind === "host" ? plan.workers : [];
    for (const { peer } of workers) parts.mesh.suspect(peer, failure);
    return running;
  }

  #idOf(plan: Plan): string {
    return idIn(plan, this.#options.parts.idOf) ?? "";
  }

  /** Ends what runs; the next step starts what should. */
  #replace(slot: Slot, by: "same" | "another", { isAwaited }: { isAwaited: boolean }): void {
    const { plan } = slot.job;
    this.#failureBackoff.replaced(plan, by);
    if (slot.served !== null) this.#retired.add(slot.served);
    if (!slot.isWanted) this.#planLog.left(plan, this.#planner.cooled);
    void (isAwaited ? this.#end(slot) : this.#stop(slot));
  }

  /** Answers that were begun are ended first. */
  #end(slot: Slot): Promise<void> {
    const { drain } = this.#options;
    const { server } = slot.job;
    return this.#stop(slot, server === null ? undefined : drain?.(server) ?? undefined);
  }

  async #stop(slot: Slot, drained?: Drained): Promise<void> {
    try {
      await slot.end(drained);
      this.wake();
    } catch (error) {
      this.#logger.error("Cannot stop {model}, and tries again: {reason}", {
        model: this.#idOf(slot.job.plan),
        reason: reasonOf(error),
      });
      this.#wakeup.ringWithin(PLAN_AGAIN_MS);
    }
  }

  #start(slot: Slot, view: View, nowMs: number): void {
    const { work } = slot;
    if (work === null) return;
    const { memory } = this.#options.parts;
    const { beside } = this.#slots;
    if (!mayStart(work.plan, { beside, memory, view })) {
      this.#makeRoom(work.plan, { memory, view });
      return slot.queue(() => this.#starter.queued(work.plan, view));
    }
    const free = freeBeside(beside, memory);
    const options = {
      view,
      memory: free,
      unclaimed: leftAfter(work.plan, this.#slots.later(slot), {
        memory: lessKept(free, beside.running),
        view,
      }),
      changed: () => this.wake(),
    };
    slot.start(this.#starter.start(work.plan, options), nowMs);
    this.#planLog.started(work, slot.job, view);
  }

  /** An instance that has more than it needs is loaded anew with less: the plans that are still to begin count then. */
  #makeRoom(plan: Plan, place: Omit<Place, "beside">): void {
    const { beside } = this.#slots;
    const givers = giversFor(plan, { ...place, beside });
    const isAsked = (job: Job) => "model" in job.plan && this.#idleMs(job.plan.model) === null;
    if (givers.some(isAsked)) return this.#wakeup.ringWithin(PLAN_AGAIN_MS);
    for (const slot of this.#slots.busy) {
      if (!givers.includes(slot.job) || slot.isEnding) continue;
      if (slot.served !== null) this.#retired.add(slot.served);
      void this.#end(slot);
    }
  }

  #idleMs = (model: ModelRef): number | null => {
    const { idleMs = () => Infinity } = this.#options;
    return idleMs(model);
  };

  /** Forgets the slots that are over, and says what that leaves. */
  #clear(view: View): void {
    for (const { work } of this.#slots.clear()) {
      if (work === null) continue;
      this.#failureBackoff.replaced(work.plan, "another");
      this.#failureLog.forget(workKey(work.plan));
    }
    const { isSettled, all } = this.#slots;
    if (isSettled) this.#planLog.settled({ isFree: all.length === 0, view });
  }
}

/** A job that is still to start says what it waits for. */
function withWait({ shown, isBusy }: Slot, draining: readonly string[]): Job {
  if (isBusy || draining.length === 0) return shown;
  const notes = [`It is loaded once ${draining.join(", ")} has answered what it has begun`];
  return { ...shown, notes };
}

function isBusy({ plan }: Job): boolean {
  return plan.kind !== "standby";
}

/** Its workers may have gone to the one that answers, and it would wait for them for ever. */
function isAnsweredElsewhere({ job: { plan, isLoading } }: Slot, { others }: View): boolean {
  return isLoading && "model" in plan &&
    others.some((member) => instanceOf(member, plan.model)?.state === "warm");
}

/** Its user will not have it served here any more. */
function isGivenUp({ isWanted, job: { plan } }: Slot, { self }: View): boolean {
  return !isWanted && "model" in plan &&
    self.refuses.some((refused) => isNamed(refused, plan.model));
}

function earliest(times: readonly number[]): number | null {
  return times.length === 0 ? null : Math.min(...times);
}
