/** Whose plan counts, where two hosts plan with the same memory at the same moment: the same on every node. Pure. */

import type { Instance, ModelRef, PeerId } from "../../mesh/mod.ts";
import { belongsTo, type Member, sameModel } from "./view.ts";

/** The claim of a model to memory of a member, as far as it decides. */
export interface Right {
  readonly model: ModelRef;
  readonly host: PeerId;
  /** The place of the model among those that the member's own user wants there; none of them comes first. */
  readonly place: number;
  readonly state: Instance["state"] | "planned";
}

const STATES = ["warm", "loading", "waiting", "planned"] as const;

export function rightOf(
  member: Member,
  claim: Pick<Right, "model" | "host" | "state">,
): Right {
  return { ...claim, place: placeOf(member, claim.model) };
}

/** A machine serves its own user first, in the user's order; then whoever else is in it. */
function placeOf(member: Member, model: ModelRef): number {
  const isClaimed = member.claims.some((claim) => claim.model === model.name);
  if (member.assignable || isClaimed || !belongsTo(member, model)) return Infinity;
  return member.targets.findIndex((target) => sameModel(target, model));
}

/**
 * The models of the member's own user come first, then those that answer, those that load and those that are only planned;
 * then the lower name and fingerprint, then the host of the lower PeerId.
 */
export function beforeIn(a: Right, b: Right): boolean {
  if (a.place !== b.place) return a.place < b.place;
  const states = STATES.indexOf(a.state) - STATES.indexOf(b.state);
  if (states !== 0) return states < 0;
  if (a.model.name !== b.model.name) return a.model.name < b.model.name;
  if (!sameModel(a.model, b.model)) return a.model.fingerprint < b.model.fingerprint;
  return a.host < b.host;
}
