import type { Claim, ModelRef } from "../../mesh/mod.ts";
import type { Plan } from "./plan.ts";
import { claimOf, reasonOf } from "./reasons.ts";
import { hasRoom } from "./own_room.ts";
import { SameNames } from "./same_names.ts";
import { settle, undecided } from "./settle.ts";
import { splitPlan } from "./split_plan.ts";
import { chooseTargets, type Target, type TargetOptions } from "./target.ts";
import type { View } from "./view.ts";

/** One of the things that a node should be doing. */
export interface PlannedWork {
  readonly plan: Plan;
  /** The model that it takes because the mesh needs it. */
  readonly claim: Claim | null;
  /** For people: why it does that. */
  readonly reason: string;
  /** Its user said so. */
  readonly pinned: boolean;
}

export interface Decision {
  /** In order of priority, one for each model; none for a node that is to be free. */
  readonly works: readonly PlannedWork[];
  /** Models that it gives up because they are no longer hot. */
  readonly cooled: readonly ModelRef[];
}

/**
 * Decides what this node should be doing: one model after the other, each with the memory that those before it leave.
 * Every node computes it alone; from the same view all elect the same host, and only that host decides who works for it.
 */
export function decide(view: View, options: TargetOptions): Decision {
  const names = SameNames.in(view);
  if (names === null) return decideByName(view, options);
  const { works, cooled } = decideByName(names.view, names.options(options));
  return {
    cooled: cooled.map((model) => names.model(model)),
    works: works.map(({ plan, claim, ...work }) => ({
      ...work,
      plan: names.plan(plan),
      claim: names.claim(claim),
    })),
  };
}

function decideByName(view: View, options: TargetOptions): Decision {
  const { targets, cooled } = chooseTargets(view, options);
  const works: PlannedWork[] = [];
  let left = undecided(view);
  for (const target of targets) {
    const plan = planFor(target, left);
    if (works.length > 0 && !fitsBeside(target, plan, left)) continue;
    const claim = claimOf(target, view.self, options.taken);
    const reason = reasonOf({ target, plan, claim }, view);
    works.push({ plan, claim, reason, pinned: target.kind === "pinned" });
    left = settle(left, plan);
  }
  return { works, cooled };
}

function planFor(target: Target, view: View): Plan {
  const { model, name } = target.kind === "assigned"
    ? target.assignment
    : { model: target.model, name: target.model.name };
  if (model === null) return { kind: "download", name };
  return splitPlan({ ...view, self: { ...view.self, targets: [model] } }, model);
}

/** Whether this node has room for it beside what comes before. */
function fitsBeside(target: Target, plan: Plan, view: View): boolean {
  if (plan.kind !== "waiting" && plan.kind !== "follow") return hasRoom(view, plan);
  // Only the user's first model waits for memory. A host assigns a share to those alone that have followed it until then.
  if (plan.kind === "waiting" && target.kind === "pinned") return false;
  return planFor(target, undecided(view)).kind === plan.kind;
}
