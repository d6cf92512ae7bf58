import type { Logger } from "@logtape/logtape";
import type { Duty } from "./duty.ts";
import type { Decision } from "./decide.ts";
import { modelNameOf } from "./plan.ts";
import { whyUnused } from "./proportions.ts";
import { serves } from "./transition.ts";
import type { View } from "./view.ts";

/** Says what a node does from now on, and why: design.md 3. */
export function logPlan(
  logger: Logger,
  { plan, reason, claim }: Decision,
  duty: Duty,
  view: View,
): void {
  const workers = plan.kind === "host" ? plan.workers.map((worker) => worker.peer) : [];
  const mode = plan.kind === "solo" ? "solo" : modelNameOf(plan) === null ? null : "split";
  const role = serves(plan) ? "host" : plan.kind === "worker" ? "worker" : "standby";
  logger.info("This node is now {role} for {model}: {reason}", {
    event: "plan",
    role,
    model: modelNameOf(plan),
    mode,
    workers,
    term: duty.instance?.term ?? duty.obeys?.term ?? null,
    reason,
    automatic: claim !== null,
  });
  const why = whyUnused(plan, view);
  if (why !== undefined) {
    logger.warn("--tensor-split {proportions} does not count for {model}: {why}", {
      model: modelNameOf(plan),
      proportions: view.self.tensorSplit?.join(","),
      why,
    });
  }
  if (plan.kind !== "waiting") return;
  const { model: { name: model }, needBytes, haveBytes } = plan;
  logger.info("{model} waits for memory: it needs {needBytes} bytes, {haveBytes} are here", {
    event: "waiting",
    model,
    needBytes,
    haveBytes,
  });
}
