/** A node decides on one model after the other: those before have their memory, and those after have no right to it. Pure. */

import type { Instance, ModelRef } from "../../mesh/mod.ts";
import type { Plan } from "./plan.ts";
import { sameShares } from "./proportions.ts";
import { instanceOf, sameModel, type View } from "./view.ts";

/** The view of a node that has not yet decided on anything. */
export function undecided(view: View): View {
  return { ...view, self: { ...view.self, settled: [] } };
}

/** ... and that has decided on this plan too: what it takes, here and of its workers, is not free for the next. */
export function settle(view: View, plan: Plan): View {
  const { self } = view;
  if (plan.kind !== "solo" && plan.kind !== "host" && plan.kind !== "worker") return view;
  const { settled = [] } = self;
  const next = { ...self, settled: [...settled, plan.model] };
  if (plan.kind === "worker") return { ...view, self: next };
  const { model } = plan;
  const running = instanceOf(self, model);
  if (running !== undefined && isSame(running, plan)) return { ...view, self: next };
  const rest = self.instances.filter((one) => !sameModel(one.model, model));
  const reservations = self.reservations.filter((one) => !sameModel(one.model, model));
  const instances = [...rest, planned(plan)];
  return { ...view, self: { ...next, instances, reservations } };
}

/** ... and on these, as they run. */
export function alsoSettled(view: View, models: readonly ModelRef[]): View {
  const { self } = view;
  return { ...view, self: { ...self, settled: [...self.settled ?? [], ...models] } };
}

/** The plan is what this node does for the model already. */
export function isAsItRuns({ self }: View, plan: Plan): boolean {
  if (plan.kind === "worker") return true;
  if (plan.kind !== "solo" && plan.kind !== "host") return false;
  const running = instanceOf(self, plan.model);
  return running !== undefined && isSame(running, plan);
}

type ServingPlan = Extract<Plan, { kind: "solo" | "host" }>;

function isSame(running: Instance, plan: ServingPlan): boolean {
  if (plan.kind === "solo") return running.mode === "solo" && running.state !== "waiting";
  const peers = new Set(running.workers.map(({ peer }) => peer));
  return running.mode === "split" && running.state !== "waiting" &&
    peers.size === plan.workers.length && plan.workers.every(({ peer }) => peers.has(peer)) &&
    sameShares(running, plan);
}

function planned(plan: ServingPlan): Instance {
  const { model, needBytes } = plan;
  const shares = plan.kind === "solo" ? { hostShare: 1, workers: [] } : plan;
  return {
    model,
    sizeBytes: 0,
    contextLength: 0,
    mode: plan.kind === "solo" ? "solo" : "split",
    state: "loading",
    term: 0,
    hostShare: shares.hostShare,
    workers: shares.workers,
    needBytes,
    haveBytes: needBytes,
  };
}
