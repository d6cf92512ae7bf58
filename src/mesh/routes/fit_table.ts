import { encodeCbor } from "../base/cbor.ts";
import { MAX_MEMBERS } from "../base/defaults.ts";
import {
  MAX_TABLE_BYTES,
  MAX_TABLE_NAMES_BYTES,
  MAX_TABLE_NAMESAKES,
  MAX_TABLE_WANTED,
} from "../base/message_defaults.ts";
import type { ModelRef } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { RouteInstance, RouteNode } from "../base/table.ts";
import { nodeToWire } from "./table_wire.ts";

/** The order in which entries stay if a table can't hold everybody. */
export interface TablePriorities {
  readonly self?: PeerId | undefined;
  /** Whether the node that makes the table is connected to the peer. */
  isConnected?(peer: PeerId): boolean;
}

interface Machines {
  readonly nodes: readonly RouteNode[];
  readonly instances: readonly RouteInstance[];
}

interface Machine {
  readonly peer: PeerId;
  readonly nodes: RouteNode[];
  readonly instances: RouteInstance[];
}

/**
 * All machines, where a client takes so many. Else the node itself, then what serves models, then those that it is
 * connected to; of the same rank who takes the least room. Pure.
 */
export function fitMachines(all: Machines, priorities: TablePriorities): Machines {
  const machines = [...machinesOf(all)].map((machine) => ({ machine, bytes: bytesOf(machine) }));
  const total = machines.reduce((sum, { bytes }) => sum + bytes, 0);
  if (machines.length <= MAX_MEMBERS && total <= MAX_TABLE_BYTES) return all;
  const rank = ({ machine }: { readonly machine: Machine }) => rankOf(machine, priorities);
  machines.sort((a, b) =>
    rank(a) - rank(b) || a.bytes - b.bytes || (a.machine.peer < b.machine.peer ? -1 : 1)
  );
  let left = MAX_TABLE_BYTES;
  const kept = machines.slice(0, MAX_MEMBERS).filter(({ bytes }) => (left -= bytes) >= 0);
  return {
    nodes: kept.flatMap(({ machine }) => machine.nodes),
    instances: kept.flatMap(({ machine }) => machine.instances),
  };
}

/** The first of the names, and as many of them as a client takes; sorted. Pure. */
export function fitNames(names: readonly string[]): string[] {
  let left = MAX_TABLE_NAMES_BYTES;
  const kept = [...new Set(names)].slice(0, MAX_TABLE_WANTED).filter((name) =>
    (left -= name.length + NAME_OVERHEAD) >= 0
  );
  return kept.sort();
}

/** As many as a client takes, each once; sorted. Pure. */
export function fitNamesakes(models: readonly ModelRef[]): ModelRef[] {
  const distinct = new Map(models.map(({ name, fingerprint }): [string, ModelRef] => [
    `${name} ${fingerprint}`,
    { name, fingerprint },
  ]));
  const sorted = [...distinct].sort(([a], [b]) => a < b ? -1 : 1);
  return sorted.slice(0, MAX_TABLE_NAMESAKES).map(([, model]) => model);
}

/** The first of each list before the second of any: who says a lot crowds out nobody else's. Pure. */
export function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1)))
    .flat();
}

/** CBOR's length of a text. */
const NAME_OVERHEAD = 3;

function machinesOf({ nodes, instances }: Machines): Iterable<Machine> {
  const machines = new Map<PeerId, Machine>();
  const at = (peer: PeerId) => {
    const machine = machines.get(peer) ?? { peer, nodes: [], instances: [] };
    machines.set(peer, machine);
    return machine;
  };
  for (const node of nodes) at(node.peer).nodes.push(node);
  for (const instance of instances) at(instance.host).instances.push(instance);
  return machines.values();
}

function rankOf({ peer, instances }: Machine, { self, isConnected }: TablePriorities): number {
  if (peer === self) return 0;
  const isNear = isConnected?.(peer) ?? false;
  if (instances.length > 0) return isNear ? 1 : 2;
  return isNear ? 3 : 4;
}

function bytesOf({ nodes, instances }: Machine): number {
  return encodeCbor([nodes.map(nodeToWire), instances]).byteLength;
}
