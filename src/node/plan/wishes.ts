import { isNamed } from "../../base/model_ids.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import { sameModel } from "./view.ts";

/** The models that this node's user wants from it: the command line first, then choices made while it ran. */
export interface Wishes {
  /** The models that this node was told to serve, the most wanted first; none lets the mesh say what is needed. */
  readonly pinned: readonly ModelRef[];
  /** Names or ids that the mesh shall serve, this node's own first. */
  readonly wanted: readonly string[];
  /** Names or ids that this node must not serve or work for. */
  readonly dropped: readonly string[];
  /** Names that nobody asked for, so that they are not served until somebody does. */
  readonly resting: readonly string[];
}

/** Joins the wishes of the command line with the choices of an earlier run, the latest first. */
export function continued(
  wishes: Wishes,
  { dropped, chosen }: {
    readonly dropped: readonly string[];
    readonly chosen: readonly ModelRef[];
  },
): Wishes {
  const without = dropped.reduce((left, name) => dropping(left, name), wishes);
  return chosen.toReversed().reduce((left, model) => serving(left, model), without);
}

/**
 * As if `--model` had named it first: the latest choice comes before the earlier ones.
 * @param id its name, where no other model on this disk has that
 */
export function serving(
  { pinned, wanted, dropped, resting }: Wishes,
  model: ModelRef,
  id: string = model.name,
): Wishes {
  const isOther = (name: string) => !isNamed(name, model);
  return {
    pinned: [model, ...pinned.filter((one) => !sameModel(one, model))],
    resting: resting.filter(isOther),
    wanted: [id, ...wanted.filter(isOther)],
    dropped: dropped.filter(isOther),
  };
}

/**
 * Others may go on wanting the model, and serve it.
 * @param name or the id of one of several models on this disk
 */
export function dropping(wishes: Wishes, name: string): Wishes {
  const { dropped } = wishes;
  return { ...unpinning(wishes, name), dropped: [...new Set([...dropped, name])] };
}

/** From now on the mesh says whether it is served here. */
export function unpinning(wishes: Wishes, name: string): Wishes {
  const { pinned, wanted } = wishes;
  const gone = pinned.filter((model) => isNamed(name, model));
  return {
    ...wishes,
    pinned: pinned.filter((model) => !isNamed(name, model)),
    wanted: wanted.filter((one) => one !== name && !gone.some((model) => isNamed(one, model))),
  };
}
