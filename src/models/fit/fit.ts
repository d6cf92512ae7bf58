import { CONTEXT_STEP } from "../base/defaults.ts";
import { needBytes, type SizedModel } from "./needs.ts";
import { leastBytes, leastShape, type ShapeSettings } from "./shape.ts";
import { place } from "./placement.ts";
import {
  bytesOf,
  callerOf,
  distanceMs,
  everyone,
  first,
  type FitMesh,
  type FitNode,
  largest,
  nearOf,
  teamOf,
} from "./team.ts";
import type { LocalModel, MemoryUse } from "../base/types.ts";

export type { FitMesh, FitNode };

/** The way in which a model could run, and the nodes for it. */
export interface ModelFit<Id extends string = string> {
  readonly kind: "solo" | "split" | "none";
  /** The memory in which it fits: GPUs alone, or main memory too. `null` for `none`. */
  readonly memory: MemoryUse | null;
  readonly needBytes: number;
  /** Memory of the nodes that were counted. */
  readonly haveBytes: number;
  readonly contextLength: number;
  /** The largest context that those nodes could hold; `null` where none fits or the header is unknown. */
  readonly largestContextLength: number | null;
  /** The host first. Empty for `none`. */
  readonly nodes: readonly { readonly id: Id; readonly share: number }[];
}

/**
 * How the model would run in this mesh, best first: on the GPUs of the node that asks, of the smallest other that holds it,
 * of several; then with main memory in the same order, split over just enough of the nearest.
 */
export function planFit<Id extends string>(
  model: SizedModel,
  mesh: FitMesh<Id>,
  settings: ShapeSettings,
): ModelFit<Id> {
  const need = leastBytes(model, settings);
  const { contextLength, slots } = leastShape(model, settings);
  const placed = placeIn(mesh, need) ?? noNode(mesh, need);
  return {
    kind: placed.nodes.length === 0 ? "none" : placed.nodes.length === 1 ? "solo" : "split",
    ...placed,
    contextLength,
    largestContextLength: largestContext(model, placed.haveBytes, slots),
  };
}

type Placed<Id extends string> = Pick<ModelFit<Id>, "memory" | "needBytes" | "haveBytes" | "nodes">;

function placeIn<Id extends string>(mesh: FitMesh<Id>, need: number): Placed<Id> | undefined {
  const here = mesh.here === true && mesh.self !== null && holds(mesh.self, need, "all")
    ? mesh.self
    : null;
  const onGpus = here === null ? soloNode(mesh, need, "gpu") : soloOn(here, need, "gpu");
  if (onGpus !== undefined) return onGpus;
  const split = here?.gpuBytes === 0 ? undefined : splitNodes(mesh, need);
  if (split?.memory === "gpu") return split;
  return (here === null ? soloNode(mesh, need, "all") : soloOn(here, need, "all")) ?? split;
}

function holds(node: FitNode, need: number, memory: MemoryUse): boolean {
  return node.hosts !== "never" && bytesOf(node, memory) >= (node.needBytes ?? need);
}

function soloOn<Id extends string>(
  node: FitNode<Id>,
  need: number,
  memory: MemoryUse,
): Placed<Id> | undefined {
  if (!holds(node, need, memory)) return undefined;
  return {
    memory,
    needBytes: node.needBytes ?? need,
    haveBytes: bytesOf(node, memory),
    nodes: [{ id: node.id, share: 1 }],
  };
}

function soloNode<Id extends string>(
  { self, others }: FitMesh<Id>,
  need: number,
  memory: MemoryUse,
): Placed<Id> | undefined {
  if (self !== null && holds(self, need, memory)) return soloOn(self, need, memory);
  const able = others.filter((one) => holds(one, need, memory));
  const node = first(able, (a, b) => bytesOf(a, memory) < bytesOf(b, memory));
  return node && soloOn(node, need, memory);
}

/** As free members are called to help, and then elect their host. */
function splitNodes<Id extends string>(mesh: FitMesh<Id>, need: number): Placed<Id> | undefined {
  const team = teamOf(mesh, need, "gpu") ?? teamOf(mesh, need, "all");
  if (team === undefined) return undefined;
  const { host, members, needBytes } = team;
  const placement = place<Id>({
    needBytes,
    host,
    candidates: members.filter((one) => one !== host).map(({ id, gpuBytes, memoryBytes }) => ({
      peer: id,
      gpuBytes,
      memoryBytes,
      rttMs: distanceMs(mesh, host.id, id),
    })),
    force: false,
    rttLimitMs: mesh.rttLimitMs,
    tensorSplit: null,
  });
  if (placement.kind !== "split") return undefined;
  const workers = placement.workers.map(({ peer, share }) => ({ id: peer, share }));
  const nodes = [{ id: host.id, share: placement.hostShare }, ...workers];
  return { memory: placement.memory, needBytes, haveBytes: placement.haveBytes, nodes };
}

/** All that those have who could share it. */
function noNode<Id extends string>(mesh: FitMesh<Id>, need: number): Placed<Id> {
  const able = everyone(mesh).filter(({ hosts }) => hosts !== "never");
  const caller = callerOf(mesh, "all") ?? largest(mesh, able, "all");
  const near = caller === undefined ? [] : [caller, ...nearOf(mesh, caller)];
  const haveBytes = near.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return { memory: null, needBytes: caller?.needBytes ?? need, haveBytes, nodes: [] };
}

/**
 * The model as a machine can serve it alone: without its projector, where the two together would not fit and the model by
 * itself does.
 */
export function withinMemory(
  model: LocalModel,
  memoryBytes: number,
  settings: ShapeSettings,
): LocalModel {
  const { projector, unfit = [] } = model;
  if (projector === null || leastBytes(model, settings) <= memoryBytes) return model;
  const alone = { ...model, projector: null };
  if (leastBytes(alone, settings) > memoryBytes) return model;
  const reason = "the two would not fit into this machine's memory";
  return { ...alone, unfit: [...unfit, { kind: "projector", path: projector.path, reason }] };
}

/** The largest context, up to the trained one, with which so many slots need no more than `memoryBytes`. */
export function largestContext(
  model: SizedModel,
  memoryBytes: number,
  slots: number,
): number | null {
  const trained = model.header?.contextLength ?? 0;
  const fits = (steps: number) => needBytes(model, steps * CONTEXT_STEP, slots) <= memoryBytes;
  if (trained === 0 || !fits(1)) return null;
  let [low, high] = [1, Math.ceil(trained / CONTEXT_STEP)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return Math.min(trained, low * CONTEXT_STEP);
}
