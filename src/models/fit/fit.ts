import { CONTEXT_STEP } from "../base/defaults.ts";
import { needBytes, servedContext, type SizedModel } from "./needs.ts";
import { place } from "./placement.ts";
import type { LocalModel, MemoryPools, MemoryUse } from "../base/types.ts";

/** A node that could run the model, or take part. */
export interface FitNode<Id extends string = string> extends MemoryPools {
  readonly id: Id;
  /** From the node that asks; `undefined` where nobody measured it yet. */
  readonly rttMs: number | undefined;
}

/** The mesh as the node that asks sees it. */
export interface FitMesh<Id extends string = string> {
  /** `null` for a client, which runs nothing. */
  readonly self: FitNode<Id> | null;
  /** Members whose llama.cpp can work with this node's. */
  readonly others: readonly FitNode<Id>[];
  readonly rttLimitMs: number;
}

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
 * @param contextLength as the user set it, or `null`
 */
export function planFit<Id extends string>(
  model: SizedModel,
  mesh: FitMesh<Id>,
  contextLength: number | null,
): ModelFit<Id> {
  const need = needBytes(model, contextLength);
  const placed = soloNode(mesh, need, "gpu") ?? splitNodes(mesh, need, "gpu") ??
    soloNode(mesh, need, "all") ?? splitNodes(mesh, need, "all") ?? noNode(mesh);
  return {
    kind: placed.nodes.length === 0 ? "none" : placed.nodes.length === 1 ? "solo" : "split",
    needBytes: need,
    ...placed,
    contextLength: servedContext(model.header ?? { contextLength: 0 }, contextLength),
    largestContextLength: largestContext(model, placed.haveBytes),
  };
}

type Placed<Id extends string> = Pick<ModelFit<Id>, "memory" | "haveBytes" | "nodes">;

function soloNode<Id extends string>(
  { self, others }: FitMesh<Id>,
  need: number,
  memory: MemoryUse,
): Placed<Id> | undefined {
  const bytes = (one: FitNode<Id>) => bytesOf(one, memory);
  const holds = (one: FitNode<Id>) => bytes(one) >= need;
  const node = self !== null && holds(self) ? self : smallest(others.filter(holds), bytes);
  return node && { memory, haveBytes: bytes(node), nodes: [{ id: node.id, share: 1 }] };
}

function smallest<Id extends string>(
  nodes: readonly FitNode<Id>[],
  bytes: (one: FitNode<Id>) => number,
): FitNode<Id> | undefined {
  const [first, ...rest] = nodes;
  return first && rest.reduce((best, one) => bytes(one) < bytes(best) ? one : best, first);
}

/** The member with the most memory of that kind hosts, as the election of a real split would have it. */
function splitNodes<Id extends string>(
  mesh: FitMesh<Id>,
  needBytes: number,
  memory: MemoryUse,
): Placed<Id> | undefined {
  const all = everyone(mesh);
  const [first, ...rest] = all;
  if (first === undefined) return undefined;
  const bytes = (one: FitNode<Id>) => bytesOf(one, memory);
  const host = rest.reduce((best, one) => bytes(one) > bytes(best) ? one : best, first);
  const placement = place<Id>({
    needBytes,
    host,
    candidates: all.filter((one) => one !== host).map(({ id, ...one }) => ({ peer: id, ...one })),
    force: false,
    rttLimitMs: mesh.rttLimitMs,
    tensorSplit: null,
  });
  if (placement.kind !== "split" || placement.memory !== memory) return undefined;
  const workers = placement.workers.map(({ peer, share }) => ({ id: peer, share }));
  const nodes = [{ id: host.id, share: placement.hostShare }, ...workers];
  return { memory, haveBytes: placement.haveBytes, nodes };
}

function bytesOf({ gpuBytes, memoryBytes }: MemoryPools, memory: MemoryUse): number {
  return memory === "gpu" ? gpuBytes : memoryBytes;
}

/** All that those have who could share it. */
function noNode<Id extends string>(mesh: FitMesh<Id>): Placed<Id> {
  const near = everyone(mesh).filter(({ rttMs = 0 }) => rttMs <= mesh.rttLimitMs);
  const haveBytes = near.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return { memory: null, haveBytes, nodes: [] };
}

function everyone<Id extends string>({ self, others }: FitMesh<Id>): readonly FitNode<Id>[] {
  return [...(self === null ? [] : [{ ...self, rttMs: 0 }]), ...others];
}

/**
 * The model as a machine can serve it alone: without its projector, where the two together would not fit and the model by
 * itself does.
 */
export function withinMemory(
  model: LocalModel,
  memoryBytes: number,
  contextLength: number | null,
): LocalModel {
  const { projector, unfit = [] } = model;
  if (projector === null || needBytes(model, contextLength) <= memoryBytes) return model;
  const alone = { ...model, projector: null };
  if (needBytes(alone, contextLength) > memoryBytes) return model;
  const reason = "the two would not fit into this machine's memory";
  return { ...alone, unfit: [...unfit, { kind: "projector", path: projector.path, reason }] };
}

/** The largest context, up to the trained one, with which the model needs no more than `memoryBytes`. */
export function largestContext(model: SizedModel, memoryBytes: number): number | null {
  const trained = model.header?.contextLength ?? 0;
  const fits = (steps: number) => needBytes(model, steps * CONTEXT_STEP) <= memoryBytes;
  if (trained === 0 || !fits(1)) return null;
  let [low, high] = [1, Math.ceil(trained / CONTEXT_STEP)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return Math.min(trained, low * CONTEXT_STEP);
}
