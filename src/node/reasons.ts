/** Why a node does what it does: what it claims before others, and what it says to people. */

import type { Claim, ClaimReason } from "../mesh/mod.ts";
import type { Target } from "./target.ts";
import type { Member } from "./view.ts";

const REASONS: Readonly<Record<ClaimReason, string>> = {
  memory: "it waits for memory, and this machine has some",
  unserved: "it is wanted and nobody serves it",
  download: "it is wanted, nobody serves it, and it fits here once it is downloaded",
  room: "the machine that serves it is the only one for another model",
  hot: "it is asked for more than its instances can answer",
  spare: "it is on this disk, and fewer machines serve it than anything else here",
  split: "--split shares it among all its machines",
};

/** A node keeps its claim while it serves what it claimed. */
export function claimOf(target: Target, self: Member): Claim | null {
  if (target.kind === "assigned") {
    return { model: target.assignment.name, reason: target.assignment.reason };
  }
  return target.kind === "kept" && self.claim?.model === target.model.name ? self.claim : null;
}

export function reasonOf(target: Target, claim: Claim | null): string {
  switch (target.kind) {
    case "told":
      return "its user wants it";
    case "assigned":
      return REASONS[target.assignment.reason];
    case "kept":
      return claim === null ? "it goes on with it" : REASONS[claim.reason];
    case "none":
      return target.why === "cold"
        ? "the other instances can answer what is still asked of it"
        : "nothing that this node could do is missing";
  }
}
