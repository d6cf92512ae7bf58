import type { Claim } from "../../mesh/mod.ts";
import type { Plan } from "./plan.ts";
import { claimOf, reasonOf } from "./reasons.ts";
import { SameNames } from "./same_names.ts";
import { splitPlan } from "./split_plan.ts";
import { chooseTarget, modelOf, type Target, type TargetOptions } from "./target.ts";
import type { View } from "./view.ts";

export interface Decision {
  readonly plan: Plan;
  /** The model that it takes because the mesh needs it. */
  readonly claim: Claim | null;
  /** For people: why it does that. */
  readonly reason: string;
  /** It gives up a model that is no longer hot. */
  readonly cold: boolean;
}

/**
 * Decides what this node should be doing. Every node computes it alone; from the same view all
 * elect the same host, and only that host decides who works for it.
 */
export function decide(view: View, options: TargetOptions): Decision {
  const names = SameNames.in(view);
  if (names === null) return decideByName(view, options);
  const { plan, claim, ...decision } = decideByName(names.view, names.options(options));
  return { ...decision, plan: names.plan(plan), claim: names.claim(claim) };
}

function decideByName(view: View, options: TargetOptions): Decision {
  const target = chooseTarget(view, options);
  const plan = planFor(target, view);
  const claim = claimOf(target, view.self, options.taken);
  return {
    plan,
    claim,
    reason: reasonOf({ target, plan, claim }, view),
    cold: target.kind === "none" && target.why === "cold",
  };
}

function planFor(target: Target, view: View): Plan {
  const model = modelOf(target);
  if (model !== null) {
    return splitPlan({ ...view, self: { ...view.self, targets: [model] } }, model);
  }
  return target.kind === "assigned"
    ? { kind: "download", name: target.assignment.name }
    : { kind: "standby" };
}
