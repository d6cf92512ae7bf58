import type { Claim, ModelRef } from "../../mesh/mod.ts";
import { modelNameOf, type Plan } from "./plan.ts";
import { claimOf, reasonOf } from "./reasons.ts";
import { MAX_WORKS } from "./defaults.ts";
import { freeFor } from "./ledger.ts";
import { heedSwitches } from "./on_request.ts";
import { hasRoom } from "./own_room.ts";
import { SameNames } from "./same_names.ts";
import { alsoSettled, isAsItRuns, settle, undecided } from "./settle.ts";
import { splitPlan } from "./split_plan.ts";
import { chooseTargets, type Target, type TargetOptions } from "./target.ts";
import { belongsTo, everyone, needOf, sameModel, type View } from "./view.ts";

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
  /** Models that it gives up for others, which it begins as soon as their memory is there. */
  readonly yielded: readonly ModelRef[];
  /** Names of the models that it takes once others have had their turn. */
  readonly turns: readonly string[];
}

/**
 * Decides what this node should be doing: one model after the other, each with the memory that those before it leave.
 * Every node computes it alone; from the same view all elect the same host, and only that host decides who works for it.
 */
export function decide(view: View, options: TargetOptions): Decision {
  const names = SameNames.in(view);
  if (names === null) return decideByName(view, options);
  const { works, cooled, yielded, turns } = decideByName(names.view, names.options(options));
  return {
    cooled: cooled.map((model) => names.model(model)),
    yielded: yielded.map((model) => names.model(model)),
    turns: [...new Set(turns.map((name) => names.name(name)))],
    works: works.map(({ plan, claim, ...work }) => ({
      ...work,
      plan: names.plan(plan),
      claim: names.claim(claim),
    })),
  };
}

function decideByName(seen: View, options: TargetOptions): Decision {
  const view = heedSwitches(seen);
  const { targets, ...rest } = chooseTargets(view, options);
  const works: PlannedWork[] = [];
  let left = undecided(view);
  for (const [index, target] of targets.entries()) {
    if (works.length === MAX_WORKS) break;
    if (works.some(({ plan }) => isFor(target, plan))) continue;
    const plan = planBeside(
      target,
      left,
      goingOn(targets.slice(index + 1), view),
      works.length === 0,
    );
    if (plan === undefined) continue;
    const claim = claimOf(target, view.self, options.taken);
    const reason = reasonOf({ target, plan, claim }, view);
    works.push({ plan, claim, reason, pinned: target.kind === "pinned" });
    left = settle(left, plan);
  }
  return { works, ...rest };
}

/** A node does one thing for each model, and takes nothing of the same name because the mesh needs it. */
function isFor(target: Target, plan: Plan): boolean {
  if (target.kind === "assigned") return modelNameOf(plan) === target.assignment.name;
  return "model" in plan && sameModel(plan.model, target.model);
}

/** All that it goes on with, and all that it has announced to load: others count the memory of both. */
function goingOn(targets: readonly Target[], { self }: View): ModelRef[] {
  return targets.flatMap((target) => {
    if (target.kind !== "assigned") return target.kind === "kept" ? [target.model] : [];
    const { model } = target.assignment;
    return model !== null && belongsTo(self, model) ? [model] : [];
  });
}

/**
 * A model that goes on is planned beside all others that do: it takes no more where that would end one of them. Only as it
 * runs it comes before them, where there is no longer room for all.
 */
function planBeside(
  target: Target,
  left: View,
  later: readonly ModelRef[],
  isFirst: boolean,
): Plan | undefined {
  if (target.kind === "kept" && later.length > 0) {
    const beside = alsoSettled(left, later);
    const plan = planFor(target, beside);
    if (fitsBeside(target, plan, beside)) return plan;
    const alone = planFor(target, left);
    return isAsItRuns(left, alone) && fitsBeside(target, alone, left) ? alone : undefined;
  }
  const plan = planFor(target, left);
  return isFirst || fitsBeside(target, plan, left) ? plan : undefined;
}

function planFor(target: Target, view: View): Plan {
  const { model, name } = target.kind === "assigned"
    ? target.assignment
    : { model: target.model, name: target.model.name };
  if (model === null) return { kind: "download", name };
  const { self } = view;
  const targets = belongsTo(self, model) ? self.targets : [...self.targets, model];
  return splitPlan({ ...view, self: { ...self, targets } }, model);
}

/** Whether this node has room for it beside what comes before. */
function fitsBeside(target: Target, plan: Plan, view: View): boolean {
  switch (plan.kind) {
    case "waiting":
    case "follow":
      return mayWait(target, plan, view);
    default:
      return hasRoom(view, plan);
  }
}

/** A node that is called to help waits for the others with what it has left, but not for memory that it uses itself. */
function mayWait(
  target: Target,
  plan: Extract<Plan, { kind: "waiting" | "follow" }>,
  view: View,
): boolean {
  const { kind, model } = plan;
  const isCalled = target.kind === "assigned" &&
    freeFor(model, everyone(view)).bytes(view.self, "all") > 0;
  if (isCalled) return true;
  // Only the user's first model waits for memory. A host assigns a share to those alone that have followed it until then.
  if (target.kind === "pinned" && (kind === "waiting" || !mayForm(model, view))) return false;
  return planFor(target, undecided(view)).kind === kind;
}

/** Whether the members that are in it have memory for it together, and no other one alone, unless they are to share it. */
function mayForm(model: ModelRef, view: View): boolean {
  const all = everyone(view);
  const others = view.others.filter((member) => belongsTo(member, model));
  const { bytes } = freeFor(model, all);
  const needBytes = needOf([view.self, ...others], model);
  const isForced = [view.self, ...others].some((member) => member.split);
  if (!isForced && others.some((member) => bytes(member, "all") >= needBytes)) return false;
  const ownBytes = bytes(view.self, "all");
  if (ownBytes === 0) return false;
  return others.reduce((sum, member) => sum + bytes(member, "all"), ownBytes) >= needBytes;
}
