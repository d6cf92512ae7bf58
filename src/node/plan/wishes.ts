import { isNamed } from "../../base/model_ids.ts";
import type { ModelRef } from "../../mesh/mod.ts";

/** The models that this node's user wants from it: the command line first, then choices made while it ran. */
export interface Wishes {
  /** The model that this node was told to serve; `null` lets the mesh say what is needed. */
  readonly pinned: ModelRef | null;
  /** Names or ids that the mesh shall serve, this node's own first. */
  readonly wanted: readonly string[];
  /** Names or ids that this node must not serve or work for. */
  readonly dropped: readonly string[];
  /** Names that nobody asked for, so that they are not served until somebody does. */
  readonly resting: readonly string[];
}

/** Joins the wishes of the command line with the choices of an earlier run. */
export function continued(
  wishes: Wishes,
  { dropped, chosen }: { readonly dropped: readonly string[]; readonly chosen: ModelRef | null },
): Wishes {
  const without = dropped.reduce((left, name) => dropping(left, name), wishes);
  return chosen === null ? without : serving(without, chosen);
}

/**
 * As if `--model` had named it.
 * @param id its name, where no other model on this disk has that
 */
export function serving(
  { wanted, dropped, resting }: Wishes,
  pinned: ModelRef,
  id: string = pinned.name,
): Wishes {
  const isOther = (name: string) => !isNamed(name, pinned);
  return {
    pinned,
    resting: resting.filter(isOther),
    wanted: [id, ...wanted.filter(isOther)],
    dropped: dropped.filter(isOther),
  };
}

/**
 * Others may go on wanting the model, and serve it.
 * @param name or the id of one of several models on this disk
 */
export function dropping({ pinned, wanted, dropped, resting }: Wishes, name: string): Wishes {
  const isPinned = pinned !== null && isNamed(name, pinned);
  return {
    resting,
    pinned: isPinned ? null : pinned,
    wanted: wanted.filter((one) => one !== name && !(isPinned && isNamed(one, pinned))),
    dropped: [...new Set([...dropped, name])],
  };
}
