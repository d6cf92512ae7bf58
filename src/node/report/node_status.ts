/** The status of docs/management-api.md, made of what the node knows. Pure. */

import type {
  Finding,
  InstanceStatus,
  ModelStatus,
  PeerStatus,
  Status,
  TunnelStatus,
} from "../../api/mod.ts";
import { isNamed, isSameContent, type ModelContent, type ModelIds } from "../../base/model_ids.ts";
import type { ModelRef, PeerId, RouteInstance, RouteNode, RoutingTable } from "../../mesh/mod.ts";
import type { TunnelCounters } from "../../tunnel/mod.ts";
import { PINNED_REASON, REASONS } from "../plan/reasons.ts";
import { idsOf } from "../plan/table_ids.ts";

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
  readonly onDisk: readonly (ModelRef & { readonly sizeBytes: number })[];
  /** The model that `node` serves or takes part in. */
  readonly ownModel: ModelRef | null;
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
  const ids = idsOf(input.routes, input.onDisk);
  return {
    version: input.node.version,
    commands: input.commands,
    node: { ...input.node, model: ownId(input, ids) },
    mesh: { id: input.meshId, vramBytes, token: input.token },
    peers,
    models: modelStatuses(input, ids),
    findings: [...input.findings ?? []],
    tunnels: input.tunnels.map((tunnel) => tunnelStatus(tunnel, input.rttMs)),
  };
}

function ownId({ node, ownModel }: StatusInput, ids: ModelIds): string | null {
  return ownModel !== null && ownModel.name === node.model ? ids.idOf(ownModel) : node.model;
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
function modelStatuses(input: StatusInput, ids: ModelIds): ModelStatus[] {
  const named = new Set([
    ...input.routes.instances.map(({ model }) => ids.idOf(model)),
    ...input.routes.wanted.map((name) => ids.canonical(name)),
    ...input.onDisk.map((model) => ids.idOf(model)),
  ]);
  return [...named].map((id) => modelStatus(id, ids.only(id), input)).sort((a, b) =>
    STATES.indexOf(a.state) - STATES.indexOf(b.state) || (a.id < b.id ? -1 : 1)
  );
}

const STATES = ["warm", "loading", "waiting", "failed", "cold"] as const;

/** @param model `undefined` where nobody that is known has a file of it. */
function modelStatus(
  id: string,
  model: ModelContent | undefined,
  input: StatusInput,
): ModelStatus {
  const { nodes } = input.routes;
  const isMeant = (name: string) => model === undefined ? name === id : isNamed(name, model);
  const isThis = (other: ModelContent) => model !== undefined && isSameContent(other, model);
  const found = input.routes.instances.filter((instance) => isThis(instance.model));
  const instances = found.map((instance) => instanceStatus(instance, input)).sort((a, b) =>
    STATES.indexOf(a.state) - STATES.indexOf(b.state)
  );
  const file = input.onDisk.find(isThis);
  const isFailed = nodes.some(({ failures }) => failures.some(({ model }) => isMeant(model)));
  return {
    id,
    name: model?.name ?? id,
    fingerprint: model?.fingerprint ?? null,
    sizeBytes: found[0]?.sizeBytes ?? file?.sizeBytes ?? 0,
    state: instances[0]?.state ?? (isFailed ? "failed" : "cold"),
    reason: instances.some(({ state }) => state === "warm" || state === "loading")
      ? null
      : reasonsOf(nodes, isMeant),
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
  const reason = node?.failures.find(({ model }) => isNamed(model, instance.model))?.reason;
  const isOwn = host === input.node.id;
  const why = (isOwn ? input.ownWhy : null) ?? whyText(node, instance.model);
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
  return node !== undefined && fails(node, model) ? "failed" : "loading";
}

function fails({ failures }: RouteNode, ref: ModelRef): boolean {
  return failures.some(({ model }) => isNamed(model, ref));
}

/** The reasons for which a model is not served, with the names of the machines that give them. */
function reasonsOf(
  nodes: readonly RouteNode[],
  isMeant: (name: string) => boolean,
): string | null {
  const reasons = nodes.flatMap((node) => [
    ...node.failures.filter(({ model }) => isMeant(model))
      .map(({ reason }) => `${node.machine.name}: ${reason}`),
    ...(node.dropped.some(isMeant) ? [`${node.machine.name}: dropped by its user`] : []),
  ]);
  return reasons.length === 0 ? null : reasons.join("; ");
}

function whyText(node: RouteNode | undefined, ref: ModelRef): string | null {
  const why = node?.targets.find(({ model }) => isNamed(model, ref))?.why ?? null;
  if (why === null) return null;
  return why === "told" ? PINNED_REASON : REASONS[why];
}
