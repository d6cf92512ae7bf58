/** `--tensor-split`: whose numbers count in a split, and why somebody's do not. Pure. */

import type { ModelRef, PeerId, WorkerShare } from "../../mesh/mod.ts";
import type { Plan } from "./plan.ts";
import { byPeer, groupOf, instanceOf, type Member, type View } from "./view.ts";

interface Shares {
  readonly hostShare: number;
  readonly workers: readonly WorkerShare[];
}

export interface Proportions {
  /** The node whose user gave them. */
  readonly by: PeerId;
  /** The host's first, then the workers', the nearest first. */
  readonly numbers: readonly number[];
}

/** Any machine of the group may give them: the host's own go first, then those of the lowest PeerId. */
export function proportionsOf(group: readonly Member[], host: PeerId): Proportions | undefined {
  const givers = group.filter(({ tensorSplit }) => tensorSplit !== null).sort(byPeer);
  const giver = givers.find(({ peer }) => peer === host) ?? givers[0];
  return giver?.tensorSplit ? { by: giver.peer, numbers: giver.tensorSplit } : undefined;
}

/** Whether two splits cut the model alike, no matter which node gets which part. */
export function sameShares(a: Shares, b: Shares): boolean {
  return equal(sharesOf(a), sharesOf(b));
}

/** For the user who gave this node proportions that do not count in what it does now: why not. */
export function whyUnused(plan: Plan, view: View): string | undefined {
  const { self, others } = view;
  if (self.tensorSplit === null) return undefined;
  if (plan.kind === "solo") {
    const waitsForOthers = groupOf(view, plan.model).some(({ split }) => split);
    return waitsForOthers ? undefined : "this machine holds the model alone; --split shares it";
  }
  if (plan.kind === "host") return whyNot(plan, plan.model, self.peer, view);
  if (plan.kind !== "worker") return undefined;
  const host = others.find(({ peer }) => peer === plan.host);
  const instance = host && instanceOf(host, plan.model);
  return instance ? whyNot(instance, plan.model, plan.host, view) : undefined;
}

function whyNot(shares: Shares, model: ModelRef, host: PeerId, view: View): string | undefined {
  const { self } = view;
  if (proportionsOf(groupOf(view, model), host)?.by !== self.peer) {
    return "another machine of the model gives others, which come first";
  }
  const parts = (self.tensorSplit ?? []).filter((part, index) => index === 0 || part > 0);
  const sum = parts.reduce((total, part) => total + part, 0);
  if (equal(sorted(parts.map((part) => part / sum)), sharesOf(shares))) return undefined;
  const taking = shares.workers.length + 1;
  return parts.length === taking
    ? "the machines that it names have too little memory"
    : `it names ${parts.length} machines, and ${taking} share the model`;
}

function sharesOf({ hostShare, workers }: Shares): number[] {
  return sorted([hostShare, ...workers.map(({ share }) => share)]);
}

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}

/** Sums in another order differ in their last digits. */
function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length &&
    a.every((share, index) => Math.abs(share - (b[index] ?? 0)) < 1e-6);
}
