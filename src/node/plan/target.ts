import type { Claim, ModelRef, PeerId } from "../../mesh/mod.ts";
import { assignAll } from "./assignment/assign.ts";
import { cooledOf } from "./assignment/hot.ts";
import { mayGiveUp, type Stock, takeStock } from "./assignment/stock.ts";
import type { Assignment, Assignments, Downloadable } from "./assignment/assignments.ts";
import { isOnlyOne, turnsAt } from "./turns.ts";
import { isRunning } from "./assignment/running.ts";
import { belongsTo, everyone, type Member, sameModel, type View } from "./view.ts";
import type { Wishes } from "./wishes.ts";

export interface TargetOptions extends Pick<Wishes, "pinned"> {
  /** The models that this node or another could download. */
  readonly catalog: readonly Downloadable[];
  /** The claims that it took, and acts on now, whatever it has claimed since. */
  readonly taken?: readonly Claim[];
  /** Whether a model that was taken because it was hot has been served long enough to be given up. */
  readonly mayCool: (model: ModelRef) => boolean;
  /** Whether a model that this node serves has had its turn. @default {() => true} */
  readonly hasHadTurn?: (model: ModelRef) => boolean;
  /** By name, for how long a model has been wanted and not been served. @default nothing is known of it */
  readonly gapsMs?: ReadonlyMap<string, number>;
  /** Names that this node has given up because they were no longer asked for: it takes them for a reason only. */
  readonly rested: ReadonlySet<string>;
}

export type Target =
  /** Its user said so. */
  | { readonly kind: "pinned"; readonly model: ModelRef }
  /** It goes on with what it does. */
  | { readonly kind: "kept"; readonly model: ModelRef }
  | { readonly kind: "assigned"; readonly assignment: Assignment };

export interface Targets {
  /** In order of priority. One for which there is no room as what it is here may be another further on. */
  readonly targets: readonly Target[];
  /** Models that it gives up because the other instances can answer what is still asked of them. */
  readonly cooled: readonly ModelRef[];
  /** Models that it gives up for others, which are to be begun at once. */
  readonly yielded: readonly ModelRef[];
  /** Names of the models that it takes once others have had their turn. */
  readonly turns: readonly string[];
}

/**
 * The models whose groups this node belongs to: those that its user chose, then those that it goes on with, then those
 * that the mesh needs here. Pure, and the same on every node that has the same view.
 */
export function chooseTargets(view: View, options: TargetOptions): Targets {
  const self = withoutRefused(view.self);
  const stock = takeStock(everyone({ ...view, self }));
  const pinned = options.pinned.map((model): Target => ({ kind: "pinned", model }));
  const { assignments: all, open, turns } = assignAll(stock, options.catalog, options.gapsMs);
  const given = all.get(self.peer) ?? [];
  const mayLeave = (model: ModelRef) =>
    mayGiveUp(self, model, stock) && mayYield(model, { self, stock, options });
  const assignments = given.filter(({ name, reason, instead }) =>
    !(reason === "spare" && options.rested.has(name)) && instead.every(mayLeave)
  );
  const own = assignments.flatMap((assignment) => assignment.instead);
  const forOthers = splitsFor(self, all).filter((model) =>
    !own.some((one) => sameModel(one, model)) && mayLeave(model)
  );
  const instead = [...own, ...forOthers];
  const isStaying = (model: ModelRef) => !instead.some((one) => sameModel(one, model));
  const splits = splitsOf(self, view.others).filter(isStaying);
  const solos = solosOf(self).filter(isStaying);
  const over = cooledOf(self, stock);
  const cooled = solos.filter((model) => over.includes(model) && options.mayCool(model));
  const kept = [...splits, ...solos.filter((model) => !cooled.includes(model))]
    .map((model): Target => ({ kind: "kept", model }));
  const assigned = assignments.map((assignment): Target => ({ kind: "assigned", assignment }));
  const targets = [...pinned, ...kept, ...assigned];
  const later = given.filter((one) => one.reason === "unserved" && !assignments.includes(one))
    .map(({ name }) => name);
  const names = [...turnsAt(self, stock, open), ...turns.get(self.peer) ?? [], ...later];
  return { targets, cooled, yielded: instead, turns: [...new Set(names)].sort() };
}

/** The splits that it hosts and of which another member's share is to have something else in its place. */
function splitsFor(self: Member, all: Assignments): ModelRef[] {
  const hosted = self.instances.filter((one) => one.mode === "split" && isRunning(one));
  const leaves = (peer: PeerId, model: ModelRef) =>
    all.get(peer)?.some(({ instead }) => instead.some((one) => sameModel(one, model))) ?? false;
  return hosted.filter(({ model, workers }) => workers.some(({ peer }) => leaves(peer, model)))
    .map(({ model }) => model);
}

/** Callers of a model that others serve as well go to them. */
function mayYield(
  model: ModelRef,
  { self, stock, options: { hasHadTurn = () => true } }: {
    readonly self: Member;
    readonly stock: Stock;
    readonly options: Pick<TargetOptions, "hasHadTurn">;
  },
): boolean {
  return !isOnlyOne(self, model, stock) || hasHadTurn(model);
}

/** A model that its user has dropped is over, though it still runs. */
function withoutRefused(self: Member): Member {
  const { instances, targets, refuses } = self;
  return {
    ...self,
    instances: instances.filter(({ model }) => !refuses.includes(model.name)),
    targets: targets.filter(({ name }) => !refuses.includes(name)),
  };
}

/** A node that is counted in a split stays in it: leaving would break the model that it helps to serve. */
function splitsOf(self: Member, others: readonly Member[]): ModelRef[] {
  const own = self.instances.filter(({ mode, state }) => mode === "split" && state !== "waiting");
  const joined = others.flatMap(({ instances }) => instances).filter(({ model, workers }) =>
    belongsTo(self, model) && workers.some(({ peer }) => peer === self.peer)
  );
  return [...own, ...joined].map(({ model }) => model);
}

function solosOf({ instances }: Member): ModelRef[] {
  return instances.filter(({ mode, state }) => mode === "solo" && state !== "waiting")
    .map(({ model }) => model);
}
