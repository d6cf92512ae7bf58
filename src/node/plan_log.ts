import type { Logger } from "@logtape/logtape";
import type { Duty } from "./duty.ts";
import { type Decision, modelNameOf } from "./plan.ts";
import { serves } from "./transition.ts";

/** Says what a node does from now on, and why: design.md 3. */
export function logPlan(logger: Logger, { plan, reason, claim }: Decision, duty: Duty): void {
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
  if (plan.kind !== "waiting") return;
  const { model: { name: model }, needBytes, haveBytes } = plan;
  logger.info("{model} waits for memory: it needs {needBytes} bytes, {haveBytes} are here", {
    event: "waiting",
    model,
    needBytes,
    haveBytes,
  });
}
