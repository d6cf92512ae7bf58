import type { Logger } from "@logtape/logtape";
import type { PlannedWork } from "../plan/decide.ts";
import type { Job } from "./job.ts";
import { modelNameOf, type Plan } from "../plan/plan.ts";
import { whyUnused } from "../plan/proportions.ts";
import { serves } from "../plan/transition.ts";
import type { View } from "../plan/view.ts";

export interface PlanNews {
  readonly work: Pick<PlannedWork, "plan" | "reason">;
  /** The plan until now. */
  readonly before: Plan;
  readonly job: Job;
  readonly view: View;
}

/** Says what a node does from now on, and why: docs/command-line.md. */
export function logPlan(logger: Logger, { work, before, job, view }: PlanNews): void {
  const { plan, reason } = work;
  const model = modelNameOf(plan);
  const workers = plan.kind === "host" ? plan.workers.map((worker) => worker.peer) : [];
  const left = modelNameOf(before);
  const instead = left === null || left === model ? null : left;
  logger.info(`${deed(plan)}${instead === null ? "" : " instead of {instead}"}: {reason}`, {
    event: "plan",
    role: serves(plan) ? "host" : plan.kind === "worker" ? "worker" : "standby",
    model,
    mode: plan.kind === "solo" ? "solo" : model === null ? null : "split",
    workers,
    term: job.instance?.term ?? job.obeys?.term ?? null,
    reason,
    instead,
    // Nobody has told this node what to serve.
    automatic: view.self.assignable,
  });
  logUnused(logger, plan, view);
  if (plan.kind === "waiting") logWaiting(logger, plan);
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

function logUnused(logger: Logger, plan: Plan, view: View): void {
  const why = whyUnused(plan, view);
  if (why === undefined) return;
  logger.warn("--tensor-split {proportions} does not count for {model}: {why}", {
    model: modelNameOf(plan),
    proportions: view.self.tensorSplit?.join(","),
    why,
  });
}

function logWaiting(logger: Logger, plan: Extract<Plan, { kind: "waiting" }>): void {
  const { model: { name: model }, needBytes, haveBytes } = plan;
  logger.info("{model} waits for memory: it needs {needBytes} bytes, {haveBytes} are here", {
    event: "waiting",
    model,
    needBytes,
    haveBytes,
  });
}
