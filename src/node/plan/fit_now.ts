/**
 * Whether a model fits the mesh as it is: in what is free now, once something stops, or not at all. The one judgement of it
 * for the page, the catalog and the commands. Pure.
 */

import type { ModelFit, ShapeSettings } from "../../models/mod.ts";
import { FIT_LOOKS } from "./defaults.ts";
import { fewest } from "./fewest.ts";
import { type FitModel, type FitView, knownMesh } from "./fit_mesh.ts";
import { FitRound } from "./fit_round.ts";
import type { Occupant } from "./free_memory.ts";
import { poolsOf } from "./pools.ts";

export interface JudgedFit extends ModelFit {
  /** Those that would have to stop first, the fewest; empty where it fits now, and where it fits in no case. */
  readonly stops: readonly Occupant[];
  /** Memory of the nodes that were counted, as they offer it. */
  readonly offeredBytes: number;
}

/** @param settings as the user of the node that asks has set them */
export type FitJudge = (model: FitModel, settings: ShapeSettings) => JudgedFit;

/** For many models: nothing about the mesh is looked for twice. */
export function fitJudge(view: FitView): FitJudge {
  const mesh = knownMesh(view);
  return (model, settings) => judge(new FitRound(model, mesh, settings), view);
}

function judge(round: FitRound, view: FitView): JudgedFit {
  const now = round.without([]);
  const runs = now.kind === "none" ? round.running(now) : now;
  if (runs.kind !== "none") return judged(runs, [], view);
  const ranked = round.occupants.toSorted(easiestFirst);
  const all = round.without(ranked);
  if (all.kind === "none") return judged(all, [], view);
  const fits = (gone: readonly Occupant[]) => round.without(gone).kind !== "none";
  const unpinned = ranked.filter(({ pinnedBy }) => pinnedBy.length === 0);
  const stops = fewest(fits(unpinned) ? unpinned : ranked, fits, triesFor(view));
  return judged(round.without(stops), stops, view);
}

/** A further look takes as long as the mesh is large: many would keep the page waiting. */
function triesFor({ members }: FitView): number {
  return Math.max(4, Math.floor(FIT_LOOKS / (members.length + 1)));
}

function judged(fit: ModelFit, stops: readonly Occupant[], { members }: FitView): JudgedFit {
  const ids = new Set(fit.nodes.map(({ id }) => id));
  const counted = members.filter(({ peer }) => ids.has(peer)).map(poolsOf);
  const offeredBytes = counted.reduce(
    (sum, { gpuBytes, memoryBytes }) => sum + (fit.memory === "gpu" ? gpuBytes : memoryBytes),
    0,
  );
  return { ...fit, stops, offeredBytes };
}

/** Those that no user has pinned before the others; then copies, those that are asked for least, and the idle longest. */
function easiestFirst(a: Occupant, b: Occupant): number {
  return a.pinnedBy.length - b.pinnedBy.length || Number(b.isSpare) - Number(a.isSpare) ||
    a.demand - b.demand ||
    Number(a.idleSinceMs > b.idleSinceMs) - Number(b.idleSinceMs > a.idleSinceMs) ||
    byText(a.model.name, b.model.name) || byText(a.host, b.host);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
