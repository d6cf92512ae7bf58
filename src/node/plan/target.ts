import type { Claim, ModelRef } from "../../mesh/mod.ts";
import { assign } from "./assignment/assign.ts";
import { isNoLongerNeeded } from "./assignment/hot.ts";
import { mayGiveUp, type Stock, takeStock } from "./assignment/stock.ts";
import type { Assignment, Downloadable } from "./assignment/assignments.ts";
import { belongsTo, everyone, type Member, type View } from "./view.ts";
import type { Wishes } from "./wishes.ts";

export interface TargetOptions extends Pick<Wishes, "pinned"> {
  /** The models that this node or another could download. */
  readonly catalog: readonly Downloadable[];
  /** The claims that it took, and acts on now, whatever it has claimed since. */
  readonly taken?: readonly Claim[];
  /** Whether a model that was taken because it was hot has been served long enough to be given up. */
  readonly mayCool: (model: ModelRef) => boolean;
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
  /** In order of priority. */
  readonly targets: readonly Target[];
  /** Models that it gives up because the other instances can answer what is still asked of them. */
  readonly cooled: readonly ModelRef[];
}

/**
 * The models whose groups this node belongs to. A node whose user chose a model keeps it; another helps
 * where the mesh needs it most. Pure, and the same on every node that has the same view.
 */
export function chooseTargets(view: View, options: TargetOptions): Targets {
  const [pinned] = options.pinned;
  if (pinned !== undefined) return just({ kind: "pinned", model: pinned });
  const self = withoutRefused(view.self);
  const stock = takeStock(everyone({ ...view, self }));
  const splitting = splitOf(self, view.others);
  if (splitting !== null) return just({ kind: "kept", model: splitting });
  const [assignment] = assign(stock, options.catalog).get(self.peer) ?? [];
  const serving = self.instances.find(({ state }) => state !== "waiting")?.model ?? null;
  if (serving !== null && (assignment === undefined || !mayLeave(assignment, self, stock))) {
    const isCold = options.mayCool(serving) && isNoLongerNeeded(self, stock);
    return isCold ? { targets: [], cooled: [serving] } : just({ kind: "kept", model: serving });
  }
  const isResting = assignment?.reason === "spare" && options.rested.has(assignment.name);
  if (assignment === undefined || isResting) return { targets: [], cooled: [] };
  return just({ kind: "assigned", assignment });
}

function just(target: Target): Targets {
  return { targets: [target], cooled: [] };
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
function splitOf(self: Member, others: readonly Member[]): ModelRef | null {
  const own = self.instances.find(({ mode, state }) => mode === "split" && state !== "waiting");
  if (own !== undefined) return own.model;
  const joined = others.flatMap(({ instances }) => instances).find(({ model, workers }) =>
    belongsTo(self, model) && workers.some(({ peer }) => peer === self.peer)
  );
  return joined?.model ?? null;
}

function mayLeave({ instead }: Assignment, self: Member, stock: Stock): boolean {
  return instead.every(({ name }) => mayGiveUp(self, name, stock));
}
