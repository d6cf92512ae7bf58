/** All that each node runs, and what each of it takes of its memory. Pure. */

import type { ServingStatus } from "../../api/mod.ts";
import { isNamed, type ModelContent, type ModelIds } from "../../base/model_ids.ts";
import type { ModelRef, PeerId, RouteInstance, RouteNode, RoutingTable } from "../../mesh/mod.ts";
import { added, type DeviceBytes, named, pack, toldBytes, without } from "../plan/packing.ts";
import { spread } from "../plan/pools.ts";
import { sameModel } from "../plan/view.ts";

/** A node's part in one instance. */
interface Part extends Pick<ServingStatus, "role" | "host" | "mode" | "state"> {
  readonly peer: PeerId;
  readonly model: ModelRef;
  /** Planned for it. */
  readonly bytes: number;
}

/** Everything that each node of the table hosts or works for, in the order in which it names its models. */
export function servingByNode(
  { nodes, instances }: Pick<RoutingTable, "nodes" | "instances">,
  ids: Pick<ModelIds, "idOf">,
): ReadonlyMap<PeerId, ServingStatus[]> {
  const known = new Map(nodes.map((node) => [node.peer, node]));
  const parts = Map.groupBy(
    instances.flatMap((instance) => partsOf(instance, known.get(instance.host))),
    ({ peer }) => peer,
  );
  return new Map(
    nodes.map((node) => [node.peer, servingOf(node, parts.get(node.peer) ?? [], ids)]),
  );
}

/** The one that a node is named by: its first pinned one, else its first. */
export function foremost(serving: readonly ServingStatus[]): ServingStatus | undefined {
  return serving.find(({ pinned }) => pinned) ?? serving[0];
}

/**
 * A host whose attempts fail, or that has to end another model first, announces that beside its instance, which an
 * earlier version takes for one that loads.
 */
export function stateOf(
  { model, state }: Pick<RouteInstance, "model" | "state">,
  host: Pick<RouteNode, "failures" | "turns"> | undefined,
): ServingStatus["state"] {
  if (state !== "loading" || host === undefined) return state;
  if (fails(host, model)) return "failed";
  return hasTurn(host, model) ? "turn" : "loading";
}

/** The node loads the model once others have had their turn with its memory. */
export function hasTurn({ turns = [] }: Pick<RouteNode, "turns">, model: ModelContent): boolean {
  return turns.some((name) => isNamed(name, model));
}

function fails({ failures }: Pick<RouteNode, "failures">, ref: ModelRef): boolean {
  return failures.some(({ model }) => isNamed(model, ref));
}

function partsOf(instance: RouteInstance, node: RouteNode | undefined): Part[] {
  const { host, mode, needBytes, hostShare, workers } = instance;
  const state = stateOf(instance, node);
  const holds = state !== "waiting";
  const part = (peer: PeerId, share: number): Part => ({
    peer,
    model: instance.model,
    role: peer === host ? "host" : "worker",
    host,
    mode,
    state,
    bytes: holds ? needBytes * share : 0,
  });
  return [
    part(host, mode === "solo" ? 1 : hostShare),
    ...workers.map(({ peer, share }) => part(peer, share)),
  ];
}

function servingOf(
  node: RouteNode,
  told: readonly Part[],
  ids: Pick<ModelIds, "idOf">,
): ServingStatus[] {
  const { targets } = node;
  const rank = ({ model }: Part) => {
    const index = targets.findIndex((target) => isNamed(target.model, model));
    return index === -1 ? targets.length : index;
  };
  // Whatever a host says, a node works for no model whose group it is not in.
  const parts = told.filter((part) => part.role === "host" || rank(part) < targets.length)
    .sort((a, b) => rank(a) - rank(b));
  const held = heldBy(parts, node);
  return parts.map(({ model: ref, role, host, mode, state }, index) => ({
    model: ids.idOf(ref),
    role,
    host,
    mode,
    state,
    pinned: targets.some(({ model, why }) => isNamed(model, ref) && why === "told"),
    reservedBytes: Object.fromEntries(held[index] ?? []),
  }));
}

/** The memory of each part: as its node tells it, else planned in what the others leave of its devices. */
function heldBy(parts: readonly Part[], node: RouteNode): DeviceBytes[] {
  const told = parts.map((part, index) => {
    // A node does one thing for a model at a time.
    const isFirst = parts.findIndex(({ model }) => sameModel(model, part.model)) === index;
    return isFirst ? toldOf(part, parts, node) : new Map();
  });
  let left = without(node.machine.devices, added(...told.flatMap((one) => one ?? [])));
  return parts.map(({ bytes, mode }, index) => {
    const before = told[index];
    if (before !== undefined) return before;
    const planned = named(mode === "solo" ? pack(bytes, left) : spread(bytes, left), left);
    left = without(left, planned);
    return planned;
  });
}

function toldOf(
  { model, bytes }: Part,
  parts: readonly Part[],
  { reservations, machine: { devices } }: RouteNode,
): DeviceBytes | undefined {
  const held = reservations.find((one) => sameModel(one.model, model));
  if (held !== undefined) return toldBytes(held);
  // A node of an earlier version tells what is in use, which is all of its only model.
  const isAlone = bytes > 0 && parts.filter(({ bytes }) => bytes > 0).length === 1;
  if (!isAlone || reservations.length > 0) return undefined;
  const used = named(devices.map(({ usedBytes }) => usedBytes), devices);
  return used.size === 0 ? undefined : used;
}
