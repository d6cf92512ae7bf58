import type { ModelRef } from "../../mesh/mod.ts";
import { sameModel } from "./view.ts";

/** The models that this node's user wants from it: the command line first, then choices made while it ran. */
export interface Wishes {
  /** The models that this node was told to serve, the most wanted first; none lets the mesh say what is needed. */
  readonly pinned: readonly ModelRef[];
  /** Names that the mesh shall serve, this node's own first. */
  readonly wanted: readonly string[];
  /** Names that this node must not serve or work for. */
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
  return chosen.toReversed().reduce(serving, dropped.reduce(dropping, wishes));
}

/** As if `--model` had named it first: the latest choice comes before the earlier ones. */
export function serving({ pinned, wanted, dropped, resting }: Wishes, model: ModelRef): Wishes {
  const { name } = model;
  return {
    pinned: [model, ...pinned.filter((one) => !sameModel(one, model))],
    resting: resting.filter((one) => one !== name),
    wanted: [name, ...wanted.filter((one) => one !== name)],
    dropped: dropped.filter((one) => one !== name),
  };
}

/** Others may go on wanting the model, and serve it. */
export function dropping({ pinned, wanted, dropped, resting }: Wishes, name: string): Wishes {
  return {
    resting,
    pinned: pinned.filter((model) => model.name !== name),
    wanted: wanted.filter((one) => one !== name),
    dropped: [...new Set([...dropped, name])],
  };
}
