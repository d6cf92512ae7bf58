/** The status of docs/management-api.md, made of what the node knows. Pure. */

import type {
  Finding,
  InstanceStatus,
  ModelStatus,
  PeerStatus,
  Status,
  TunnelStatus,
} from "../../api/mod.ts";
import type { PeerId, RouteInstance, RouteNode, RoutingTable } from "../../mesh/mod.ts";
import type { TunnelCounters } from "../../tunnel/mod.ts";
import { PINNED_REASON, REASONS } from "../plan/reasons.ts";

export interface StatusInput {
  readonly commands: Status["commands"];
  readonly node: Status["node"];
  readonly meshId: string;
  readonly token: string | null;
  readonly routes: RoutingTable;
  /** As measured. */
  readonly rttMs: (peer: PeerId) => number | undefined;
  readonly tunnels: readonly TunnelCounters[];
  /** Models on this node's disk. */
  readonly onDisk: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** Why this node serves its own instance, in more words than others are told. */
  readonly ownWhy: string | null;
  /** Fraction loaded of this node's own instance. */
  readonly ownProgress: number | null;
  readonly findings?: readonly Finding[];
  /** Notes about this node's own instance: parts of it that could not be loaded. */
  readonly ownNotes: readonly string[];
}

export function statusOf(input: StatusInput): Status {
  const others = input.routes.nodes.filter((node) => node.peer !== input.node.id);
  const peers = others.map((node) => peerStatus(node, input.rttMs));
  // A standby's memory does not count until it rejoins.
  const ownBytes = input.node.passive ? 0 : input.node.vramBytes;
  const vramBytes = peers.reduce((sum, peer) => sum + peer.vramBytes, ownBytes);
  return {
    version: input.node.version,
    commands: input.commands,
    node: input.node,
    mesh: { id: input.meshId, vramBytes, token: input.token },
    peers,
    models: modelStatuses(input),
    findings: [...input.findings ?? []],
    tunnels: input.tunnels.map((tunnel) => tunnelStatus(tunnel, input.rttMs)),
  };
}

function peerStatus(node: RouteNode, rttMs: StatusInput["rttMs"]): PeerStatus {
  return {
    ...node.machine,
    id: node.peer,
    role: node.role,
    model: node.targets[0]?.model ?? null,
    models: node.targets.map(({ model }) => model),
    vramBytes: node.memoryBytes,
    rttMs: roundTrip(rttMs(node.peer)),
  };
}

function tunnelStatus(tunnel: TunnelCounters, rttMs: StatusInput["rttMs"]): TunnelStatus {
  return { ...tunnel, rttMs: roundTrip(rttMs(tunnel.peer as PeerId)) };
}

/** To ten microseconds: what is finer is the machine's own load. */
function roundTrip(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 100) / 100;
}

/** Models of the mesh, of this disk, and those that somebody wants; best state first, then by name. */
function modelStatuses(input: StatusInput): ModelStatus[] {
  const names = new Set([
    ...input.routes.instances.map((instance) => instance.model.name),
    ...input.routes.wanted,
    ...input.onDisk.map((model) => model.name),
  ]);
  return [...names].map((name) => modelStatus(name, input)).sort((a, b) =>
    STATES.indexOf(a.state) - STATES.indexOf(b.state) || (a.name < b.name ? -1 : 1)
  );
}

const STATES = ["warm", "loading", "waiting", "failed", "cold"] as const;

function modelStatus(name: string, input: StatusInput): ModelStatus {
  const { nodes } = input.routes;
  const found = input.routes.instances.filter((instance) => instance.model.name === name);
  const instances = found.map((instance) => instanceStatus(instance, input)).sort((a, b) =>
    STATES.indexOf(a.state) - STATES.indexOf(b.state)
  );
  const file = input.onDisk.find((model) => model.name === name);
  return {
    name,
    sizeBytes: found[0]?.sizeBytes ?? file?.sizeBytes ?? 0,
    state: instances[0]?.state ?? (nodes.some((node) => fails(node, name)) ? "failed" : "cold"),
    reason: instances.some(({ state }) => state === "warm" || state === "loading")
      ? null
      : reasonsOf(nodes, name),
    mode: instances[0]?.mode ?? "solo",
    hosts: instances.map((instance) => instance.host),
    workers: instances[0]?.workers ?? [],
    onDisk: file !== undefined,
    instances,
  };
}

function instanceStatus(instance: RouteInstance, input: StatusInput): InstanceStatus {
  const { host, mode, term, hostShare, needBytes, haveBytes } = instance;
  const state = stateOf(instance, input.routes);
  const node = input.routes.nodes.find(({ peer }) => peer === host);
  const reason = node?.failures.find(({ model }) => model === instance.model.name)?.reason;
  const isOwn = host === input.node.id;
  const why = (isOwn ? input.ownWhy : null) ?? whyText(node, instance.model.name);
  const own = isOwn && state === "loading" ? input.ownProgress : null;
  const notes = isOwn ? [...input.ownNotes] : [];
  return {
    host,
    mode,
    state,
    ...(state === "failed" && reason !== undefined ? { reason } : {}),
    why,
    term,
    hostShare,
    workers: instance.workers.map(({ peer, share }) => ({ id: peer, share })),
    ...(state === "waiting" ? { needBytes, haveBytes } : {}),
    ...(own === null ? {} : { progress: own }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

/** A host whose attempts fail announces that beside its instance, which an earlier version takes for one that loads. */
export function stateOf(
  { host, model, state }: Pick<RouteInstance, "host" | "model" | "state">,
  { nodes }: Pick<RoutingTable, "nodes">,
): InstanceStatus["state"] {
  if (state !== "loading") return state;
  const node = nodes.find(({ peer }) => peer === host);
  return node !== undefined && fails(node, model.name) ? "failed" : "loading";
}

function fails({ failures }: RouteNode, name: string): boolean {
  return failures.some(({ model }) => model === name);
}

/** The reasons for which a model is not served, with the names of the machines that give them. */
function reasonsOf(nodes: readonly RouteNode[], name: string): string | null {
  const reasons = nodes.flatMap((node) => [
    ...node.failures.filter(({ model }) => model === name)
      .map(({ reason }) => `${node.machine.name}: ${reason}`),
    ...(node.dropped.includes(name) ? [`${node.machine.name}: dropped by its user`] : []),
  ]);
  return reasons.length === 0 ? null : reasons.join("; ");
}

function whyText(node: RouteNode | undefined, name: string): string | null {
  const why = node?.targets.find(({ model }) => model === name)?.why ?? null;
  if (why === null) return null;
  return why === "told" ? PINNED_REASON : REASONS[why];
}
