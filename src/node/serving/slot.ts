import type { Claim, ModelRef } from "../../mesh/mod.ts";
import type { PlannedWork } from "../plan/decide.ts";
import { type Plan, planKey } from "../plan/plan.ts";
import { serves } from "../plan/transition.ts";
import { idleJob, type Job } from "./job.ts";

const NOTHING: Job = idleJob({ kind: "standby" }, null);

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

  /** Resolves when its processes are gone. @throws what kept them from it; then the job goes on. */
  async end(): Promise<void> {
    this.#isEnding = true;
    try {
      await this.#job.stop();
      this.#queued = { ...ending(this.#job, this.#isWanted), usedBytes: 0, placed: undefined };
      this.#job = NOTHING;
    } finally {
      this.#isEnding = false;
    }
  }
}

/** Nobody can ask it any more. It holds its memory, and where it is started again at once it loads. */
function ending({ plan, instance, usedBytes, placed }: Job, goesOn: boolean): Job {
  const state = instance?.state === "waiting" ? "waiting" : "loading";
  const shown = goesOn && instance !== null ? { ...instance, state } as const : null;
  return { ...idleJob(plan, shown), usedBytes, placed };
}
