/** Why a node does what it does: what it claims before others, and what it says to people. */

import type { Claim, ClaimReason } from "../../mesh/mod.ts";
import type { Plan } from "./plan.ts";
import type { Target } from "./target.ts";
import { groupOf, type Member, type View } from "./view.ts";

/** Why the mesh has it served. */
export const REASONS: Readonly<Record<ClaimReason, string>> = {
  memory: "it waits for memory, and this machine has some",
  unserved: "it is wanted and nobody serves it",
  download: "it is wanted, nobody serves it, and it fits here once it is downloaded",
  room: "the machine that serves it is the only one for another model",
  hot: "it is asked for more than its instances can answer",
  spare: "it is on this disk, and fewer machines serve it than anything else here",
  split: "--split shares it among all its machines",
};

/** ... and why where its user decides. */
export const PINNED_REASON = "its user wants it";

/** A node keeps its claim while it serves what it claimed, also when it had almost gone over to something else. */
export function claimOf(target: Target, self: Member, taken: readonly Claim[] = []): Claim | null {
  if (target.kind === "assigned") {
    return { model: target.assignment.name, reason: target.assignment.reason };
  }
  if (target.kind !== "kept") return null;
  return [...self.claims, ...taken].find(({ model }) => model === target.model.name) ?? null;
}

export interface Reasoned {
  readonly target: Target;
  readonly plan: Plan;
  readonly claim: Claim | null;
}

export function reasonOf({ target, plan, claim }: Reasoned, view: View): string {
  const shared = whyShared(plan, view);
  switch (target.kind) {
    case "pinned":
      return shared === null ? PINNED_REASON : `${PINNED_REASON}, and ${shared}`;
    case "assigned":
      return REASONS[target.assignment.reason];
    case "kept":
      return shared ?? (claim === null ? "this machine holds it alone" : REASONS[claim.reason]);
  }
}

/** Why a node does nothing. @param hasCooled it gives up what is no longer asked for as much */
export function idleReason(hasCooled: boolean): string {
  return hasCooled
    ? "the other instances can answer what is still asked of it"
    : "nothing that this node could do is missing";
}

/** Why this node does not simply serve the model by itself; `null` where it does. */
function whyShared(plan: Plan, view: View): string | null {
  if (plan.kind === "standby" || plan.kind === "solo" || plan.kind === "download") return null;
  if (groupOf(view, plan.model).some(({ split }) => split)) return "--split shares it";
  return plan.kind === "waiting"
    ? "it is too large for the machines that are here"
    : "it is too large for one machine";
}
