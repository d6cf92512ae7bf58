/** All that each node runs, and what each of it takes of its memory. Pure. */

import type { ServingStatus } from "../../api/mod.ts";
import type {
  DeviceMemory,
  PeerId,
  RouteInstance,
  RouteNode,
  RoutingTable,
} from "../../mesh/mod.ts";
import { spread } from "../plan/pools.ts";

/** A node's part in one instance. */
interface Part extends Omit<ServingStatus, "pinned" | "reservedBytes"> {
  readonly peer: PeerId;
  readonly bytes: number;
}

/** Everything that each node of the table hosts or works for, in the order in which it names its models. */
export function servingByNode(
  { nodes, instances }: Pick<RoutingTable, "nodes" | "instances">,
): ReadonlyMap<PeerId, ServingStatus[]> {
  const known = new Map(nodes.map((node) => [node.peer, node]));
  const parts = Map.groupBy(
    instances.flatMap((instance) => partsOf(instance, known.get(instance.host))),
    ({ peer }) => peer,
  );
  return new Map(nodes.map((node) => [node.peer, servingOf(node, parts.get(node.peer) ?? [])]));
}

/** The one that a node is named by: its first pinned one, else its first. */
export function foremost(serving: readonly ServingStatus[]): ServingStatus | undefined {
  return serving.find(({ pinned }) => pinned) ?? serving[0];
}

/** A host whose attempts fail announces that beside its instance, which an earlier version takes for one that loads. */
export function stateOf(
  { model, state }: Pick<RouteInstance, "model" | "state">,
  host: Pick<RouteNode, "failures"> | undefined,
): ServingStatus["state"] {
  if (state !== "loading") return state;
  return host !== undefined && fails(host, model.name) ? "failed" : "loading";
}

export function fails({ failures }: Pick<RouteNode, "failures">, name: string): boolean {
  return failures.some(({ model }) => model === name);
}

function partsOf(instance: RouteInstance, node: RouteNode | undefined): Part[] {
  const { host, mode, needBytes, hostShare, workers } = instance;
  const state = stateOf(instance, node);
  const holds = state !== "waiting";
  const part = (peer: PeerId, share: number): Part => ({
    peer,
    model: instance.model.name,
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

function servingOf({ targets, machine }: RouteNode, unordered: readonly Part[]): ServingStatus[] {
  const rank = ({ model }: Part) => {
    const index = targets.findIndex((target) => target.model === model);
    return index === -1 ? targets.length : index;
  };
  const parts = unordered.toSorted((a, b) => rank(a) - rank(b));
  const taken = takenBy(parts, machine.devices);
  return parts.map(({ peer: _, bytes: __, ...part }, index) => ({
    ...part,
    pinned: targets.some(({ model, why }) => model === part.model && why === "told"),
    reservedBytes: taken[index] ?? {},
  }));
}

/** One alone takes what its node tells of its devices; of several, each takes what those before it have left. */
function takenBy(
  parts: readonly Part[],
  devices: readonly DeviceMemory[],
): Record<string, number>[] {
  const isAlone = parts.filter(({ bytes }) => bytes > 0).length === 1;
  if (isAlone && devices.some(({ usedBytes }) => usedBytes > 0)) {
    const used = devices.map(({ usedBytes }) => usedBytes);
    return parts.map(({ bytes }) => bytes > 0 ? byName(devices, used) : {});
  }
  let left = devices;
  return parts.map(({ bytes }) => {
    const taken = spread(bytes, left);
    left = left.map((device, index) => ({
      ...device,
      offeredBytes: Math.max(0, device.offeredBytes - (taken[index] ?? 0)),
    }));
    return byName(devices, taken);
  });
}

function byName(
  devices: readonly DeviceMemory[],
  bytes: readonly number[],
): Record<string, number> {
  const taken = devices.map(({ name }, index): [string, number] => [name, bytes[index] ?? 0]);
  return Object.fromEntries(
    taken.flatMap(([name, bytes]) => bytes < 1 ? [] : [[name, Math.round(bytes)]]),
  );
}
