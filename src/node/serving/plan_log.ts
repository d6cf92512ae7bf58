import type { Logger } from "@logtape/logtape";
import { isNamed } from "../../base/model_ids.ts";
import type { PlannedWork } from "../plan/decide.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import { idleJob, type Job } from "./job.ts";
import { idIn, modelOf, type Plan } from "../plan/plan.ts";
import { whyUnused } from "../plan/proportions.ts";
import { idleReason } from "../plan/reasons.ts";
import { serves } from "../plan/transition.ts";
import { sameModel, type View } from "../plan/view.ts";

export interface PlanNews {
  readonly work: Pick<PlannedWork, "plan" | "reason" | "pinned">;
  /** The models that it gave up for this, with a comma between two. */
  readonly instead: string | null;
  readonly job: Job;
  readonly view: View;
  readonly idOf: IdOf;
}

type IdOf = (model: ModelRef) => string;

interface Left {
  readonly model: ModelRef;
  /** As it was when it was given up. */
  readonly id: string;
  readonly isCooled: boolean;
}

/** Says what a node does from now on, and why: docs/command-line.md. */
export class PlanLog {
  readonly #logger: Logger;
  readonly #idOf: IdOf;
  /** Given up, and not yet said. */
  #left: Left[] = [];
  #isFree = false;

  constructor(logger: Logger, idOf: IdOf) {
    this.#logger = logger;
    this.#idOf = idOf;
  }

  /** A plan is given up, and nothing of the same model takes its place. */
  left(plan: Plan, cooled: readonly ModelRef[]): void {
    const [model, id] = [modelOf(plan), idIn(plan, this.#idOf)];
    // An end that is looked at twice is one.
    if (model === null || id === null || this.#left.some((one) => one.id === id)) return;
    this.#left.push({ model, id, isCooled: cooled.some((one) => sameModel(one, model)) });
  }

  started(work: PlannedWork, job: Job, view: View): void {
    this.#isFree = false;
    const [instead, idOf] = [this.#instead(), this.#idOf];
    logPlan(this.#logger, { work, instead, job, view, idOf });
  }

  /** Whatever ends has ended. */
  settled({ isFree, view }: { readonly isFree: boolean; readonly view: View }): void {
    if (isFree) this.#sayFree(view);
    else for (const one of this.#left.splice(0)) logUnloaded(this.#logger, one, view);
  }

  #sayFree(view: View): void {
    if (this.#isFree) return;
    this.#isFree = true;
    const plan = { kind: "standby" } as const;
    const reason = idleReason(this.#left.some(({ isCooled }) => isCooled));
    const job = idleJob(plan, null);
    const work = { plan, reason, pinned: !view.self.assignable };
    const [instead, idOf] = [this.#instead(), this.#idOf];
    logPlan(this.#logger, { work, instead, job, view, idOf });
  }

  #instead(): string | null {
    const ids = this.#left.splice(0).map(({ id }) => id);
    return ids.length === 0 ? null : ids.join(", ");
  }
}

function logUnloaded(logger: Logger, { model, id, isCooled }: Left, { self }: View): void {
  const isDropped = self.dropped.some((name) => isNamed(name, model));
  const why = isDropped ? "its user dropped it" : "others need its memory";
  logger.info("{model} is not served here any more: {reason}", {
    event: "unloaded",
    model: id,
    reason: isCooled ? idleReason(true) : why,
  });
}

export function logPlan(logger: Logger, { work, instead, job, view, idOf }: PlanNews): void {
  const { plan, reason, pinned } = work;
  const model = idIn(plan, idOf);
  const workers = plan.kind === "host" ? plan.workers.map((worker) => worker.peer) : [];
  logger.info(`${deed(plan)}${instead === null ? "" : " instead of {instead}"}: {reason}`, {
    event: "plan",
    role: serves(plan) ? "host" : plan.kind === "worker" ? "worker" : "standby",
    model,
    mode: plan.kind === "solo" ? "solo" : model === null ? null : "split",
    workers,
    term: job.instance?.term ?? job.obeys?.term ?? null,
    reason,
    instead,
    // Its user has not asked for it, whatever else it serves because of that.
    automatic: !pinned,
  });
  const why = whyUnused(plan, view);
  if (why !== undefined) logUnused(logger, model, { why, view });
  if (plan.kind === "waiting") logWaiting(logger, plan, idOf(plan.model));
}

/** The beginning of a sentence about the plan. */
function deed(plan: Plan): string {
  switch (plan.kind) {
    case "solo":
      return "Loading {model} on this machine";
    case "host":
      return plan.workers.length === 1
        ? "Loading {model} together with one other machine"
        : `Loading {model} together with ${plan.workers.length} other machines`;
    case "worker":
      return "Lending memory to {model}";
    case "download":
      return "Downloading {model}";
    case "follow":
      return "Ready to help with {model}";
    case "waiting":
      return "Waiting with {model}";
    case "standby":
      return "Free for any model";
  }
}

function logUnused(
  logger: Logger,
  model: string | null,
  { why, view }: { readonly why: string; readonly view: View },
): void {
  logger.warn("--tensor-split {proportions} does not count for {model}: {why}", {
    model,
    proportions: view.self.tensorSplit?.join(","),
    why,
  });
}

function logWaiting(
  logger: Logger,
  { needBytes, haveBytes }: Extract<Plan, { kind: "waiting" }>,
  model: string,
): void {
  logger.info("{model} waits for memory: it needs {needBytes} bytes, {haveBytes} are here", {
    event: "waiting",
    model,
    needBytes,
    haveBytes,
  });
}
