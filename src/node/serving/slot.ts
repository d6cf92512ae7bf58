import type { Claim, ModelRef } from "../../mesh/mod.ts";
import type { PlannedWork } from "../plan/decide.ts";
import { type Plan, planKey } from "../plan/plan.ts";
import { serves } from "../plan/transition.ts";
import { idleJob, type Job } from "./job.ts";

const NOTHING: Job = idleJob({ kind: "standby" }, null);

/** Resolves when those who have asked have their answers, at once if its signal aborts. */
export type Drained = (signal: AbortSignal) => Promise<void>;

/** One model that a node serves, lends memory to, or fetches: its plan, and the job that carries it out. */
export class Slot {
  #job = NOTHING;
  /** Shown in place of a job that is still to start. */
  #queued = NOTHING;
  /** The plan that it was queued for. */
  #queuedAs = "";
  #work: PlannedWork | null = null;
  #isWanted = false;
  #isEnding = false;
  /** Calls off the wait for its last answers. */
  #draining: AbortController | null = null;
  #warmAtMs: number | null = null;
  /** The claim that it acts on because the mesh needs it. */
  #taken: Claim | null = null;
  #sinceMs = -Infinity;
  #plannedAtMs = -Infinity;

  /** The job that runs, or is being stopped. */
  get job(): Job {
    return this.#job;
  }

  /** The same as others may see it. */
  get shown(): Job {
    // The workers of a split work for what is announced, and its last answers need them.
    const hasWorkers = this.isDraining && (this.#job.instance?.workers.length ?? 0) > 0;
    return this.#isEnding ? ending(this.#job, this.#isWanted || hasWorkers) : this.planned;
  }

  /** ... and as the next plan counts with it. */
  get planned(): Job {
    if (this.#isEnding) return ending(this.#job, this.#isWanted);
    if (this.isBusy) return this.#job;
    return this.#isWanted ? this.#queued : NOTHING;
  }

  /** The latest plan for it: the last one where it is to end. */
  get work(): PlannedWork | null {
    return this.#work;
  }

  /** It has a plan. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  get next(): Plan {
    return this.#isWanted ? this.#work?.plan ?? NOTHING.plan : NOTHING.plan;
  }

  get claim(): Claim | null {
    return this.#isWanted ? this.#work?.claim ?? null : null;
  }

  get isBusy(): boolean {
    return this.#job.plan.kind !== "standby";
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** It does nothing, and is not about to. */
  get isOver(): boolean {
    return !this.#isWanted && !this.isBusy;
  }

  /** It waits for its last answers before it is stopped. */
  get isDraining(): boolean {
    return this.#draining !== null;
  }

  /** When its server first answered; `null` where it does not. */
  get warmAtMs(): number | null {
    return this.#warmAtMs;
  }

  get taken(): Claim | null {
    return this.isBusy ? this.#taken : null;
  }

  /** The model, once its server answers. */
  get served(): ModelRef | null {
    const { instance, server } = this.#job;
    return server === null ? null : instance?.model ?? null;
  }

  /** When its job was started. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** When its plan last became what it is. */
  get plannedAtMs(): number {
    return this.#plannedAtMs;
  }

  /** Looks at its job. */
  observe(nowMs: number): void {
    this.#warmAtMs = this.served === null ? null : this.#warmAtMs ?? nowMs;
  }

  /** It should be doing this from now on; `null` nothing. */
  plan(work: PlannedWork | null, nowMs: number): void {
    const before = planKey(this.next);
    this.#isWanted = work !== null;
    if (work === null) this.#unqueue();
    else this.#work = work;
    if (planKey(this.next) !== before) this.#plannedAtMs = nowMs;
  }

  /** Its job has to wait for others of this node. An instance that is known already stays, unless there is a new one. */
  queue(shown: () => Job): void {
    const key = planKey(this.next);
    if (this.#queuedAs === key) return;
    this.#queuedAs = key;
    const job = shown();
    if (this.#queued === NOTHING || job.instance !== null) this.#queued = job;
  }

  start(job: Job, nowMs: number): void {
    this.#job = job;
    this.#unqueue();
    this.#taken = this.claim;
    this.#sinceMs = nowMs;
  }

  /** Its user wants it no longer: it goes on as if the mesh had asked for one more. */
  release(): void {
    const { plan } = this.#job;
    if (this.#taken === null && serves(plan)) {
      this.#taken = { model: plan.model.name, reason: "spare" };
    }
  }

  #unqueue(): void {
    this.#queued = NOTHING;
    this.#queuedAs = "";
  }

  /**
   * Nobody can ask it any more. Resolves when its processes are gone.
   * @param drained waited for before they are stopped
   * @throws what kept its processes from going; then the job goes on.
   */
  async end(drained?: Drained): Promise<void> {
    this.#isEnding = true;
    try {
      if (drained !== undefined) await this.#drain(drained);
      await this.#job.stop();
      this.#warmAtMs = null;
      const { plan, instance } = ending(this.#job, this.#isWanted);
      this.#queued = idleJob(plan, instance);
      this.#job = NOTHING;
    } finally {
      this.#draining = null;
      this.#isEnding = false;
    }
  }

  async #drain(drained: Drained): Promise<void> {
    const calledOff = this.#draining = new AbortController();
    await drained(calledOff.signal);
    this.#draining = null;
  }

  /** Its last answers are not waited for any longer. */
  hurry(): void {
    this.#draining?.abort(new Error("Its answers are not waited for"));
  }
}

/**
 * Nobody can ask it any more. It holds its memory, and where it is started again at once it loads. Plans count no more of
 * it than before: one that gives way to another model with what it can do without would take all of that again.
 */
function ending({ plan, instance, usedBytes, placed, spare }: Job, goesOn: boolean): Job {
  const state = instance?.state === "waiting" ? "waiting" : "loading";
  const shown = goesOn && instance !== null ? { ...instance, state } as const : null;
  return { ...idleJob(plan, shown), usedBytes, placed, spare };
}
