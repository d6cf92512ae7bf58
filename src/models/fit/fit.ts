import { CONTEXT_STEP } from "../base/defaults.ts";
import { needBytes, servedContext, type SizedModel } from "./needs.ts";
import { place } from "./placement.ts";
import type { LocalModel } from "../base/types.ts";

/** A node that could run the model, or take part. */
export interface FitNode<Id extends string = string> {
  readonly id: Id;
  readonly memoryBytes: number;
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
 * How the model would run in this mesh: on the node that asks, else on the smallest other that holds
 * it, else split over just enough of the nearest. @param contextLength as the user set it, or `null`
 */
export function planFit<Id extends string>(
  model: SizedModel,
  mesh: FitMesh<Id>,
  contextLength: number | null,
): ModelFit<Id> {
  const need = needBytes(model, contextLength);
  const placed = soloNode(mesh, need) ?? splitNodes(mesh, need);
  return {
    kind: placed.nodes.length === 0 ? "none" : placed.nodes.length === 1 ? "solo" : "split",
    needBytes: need,
    ...placed,
    contextLength: servedContext(model.header ?? { contextLength: 0 }, contextLength),
    largestContextLength: largestContext(model, placed.haveBytes),
  };
}

type Placed<Id extends string> = Pick<ModelFit<Id>, "haveBytes" | "nodes">;

function soloNode<Id extends string>(
  { self, others }: FitMesh<Id>,
  need: number,
): Placed<Id> | undefined {
  const holds = (one: FitNode<Id>) => one.memoryBytes >= need;
  const node = self !== null && holds(self) ? self : smallest(others.filter(holds));
  return node && { haveBytes: node.memoryBytes, nodes: [{ id: node.id, share: 1 }] };
}

function smallest<Id extends string>(nodes: readonly FitNode<Id>[]): FitNode<Id> | undefined {
  const [first, ...rest] = nodes;
  return first &&
    rest.reduce((best, one) => one.memoryBytes < best.memoryBytes ? one : best, first);
}

/** The largest member hosts, as the election of a real split would have it. */
function splitNodes<Id extends string>({ self, others, rttLimitMs }: FitMesh<Id>, need: number) {
  const all = [...(self === null ? [] : [{ ...self, rttMs: 0 }]), ...others];
  const host = all.reduce<FitNode<Id> | undefined>(
    (best, one) => best === undefined || one.memoryBytes > best.memoryBytes ? one : best,
    undefined,
  );
  if (host === undefined) return { haveBytes: 0, nodes: [] };
  const placement = place<Id>({
    needBytes: need,
    host,
    candidates: all.filter((one) => one !== host)
      .map(({ id, memoryBytes, rttMs }) => ({ peer: id, memoryBytes, rttMs })),
    force: false,
    rttLimitMs,
    tensorSplit: null,
  });
  if (placement.kind === "solo") {
    return { haveBytes: host.memoryBytes, nodes: [{ id: host.id, share: 1 }] };
  }
  if (placement.kind === "waiting") return { haveBytes: placement.haveBytes, nodes: [] };
  const workers = placement.workers.map(({ peer, share }) => ({ id: peer, share }));
  const nodes = [{ id: host.id, share: placement.hostShare }, ...workers];
  return { haveBytes: placement.haveBytes, nodes };
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
