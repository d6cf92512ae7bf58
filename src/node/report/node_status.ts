/** The status of docs/management-api.md, made of what the node knows. Pure. */

import type {
  Finding,
  InstanceStatus,
  LanStatus,
  ModelStatus,
  PeerStatus,
  ServingStatus,
  Status,
  TunnelStatus,
} from "../../api/mod.ts";
import {
  isNamed,
  isSameContent,
  type ModelContent,
  type ModelIds,
  nameIn,
} from "../../base/model_ids.ts";
import type {
  LanView,
  ModelRef,
  PeerId,
  PeerWay,
  PortMappingView,
  RelayView,
  RouteInstance,
  RouteNode,
  RoutingTable,
  StreamWay,
} from "../../mesh/mod.ts";
import type { TunnelCounters } from "../../tunnel/mod.ts";
import { PINNED_REASON, REASONS } from "../plan/reasons.ts";
import { idsOf } from "../plan/table_ids.ts";
import { modelKey, sameModel } from "../plan/view.ts";
import { reachedStatus } from "./reached.ts";
import { shownRelay } from "./relay_actions.ts";
import { foremost, hasTurn, servingByNode, stateOf } from "./serving.ts";

/** One model of this node, in more words than others are told. */
export interface OwnWork {
  readonly model: ModelRef;
  /** Why this node serves it; `null` where what others are told is all. */
  readonly why: string | null;
  readonly isLoading: boolean;
  /** Fraction loaded. */
  readonly progress: number;
  /** Parts of it that could not be loaded. */
  readonly notes: readonly string[];
}

export interface StatusInput {
  readonly commands: Status["commands"];
  readonly node: Omit<Status["node"], "serving">;
  readonly meshId: string;
  readonly token: string | null;
  readonly routes: RoutingTable;
  /** As measured. */
  readonly rttMs: (peer: PeerId) => number | undefined;
  /** @default {none of them is connected} */
  readonly wayTo?: (peer: PeerId) => PeerWay | undefined;
  /** @default {nothing large has gone to any of them} */
  readonly streamWay?: (peer: PeerId) => StreamWay | undefined;
  readonly tunnels: readonly TunnelCounters[];
  /** Models on this node's disk. */
  readonly onDisk: readonly (ModelRef & { readonly sizeBytes: number })[];
  /** The models that this node itself hosts. */
  readonly works: readonly OwnWork[];
  /** Tokens a second of one request, where this node has measured it. @default {it has not} */
  readonly measuredRate?: (instance: RouteInstance) => number | undefined;
  /** Of this node's settings for a model of its disk. @default {it has none} */
  readonly settingsRevision?: (model: ModelRef) => number;
  readonly findings?: readonly Finding[];
  readonly lan?: LanView;
  readonly portMapping?: PortMappingView;
  readonly relays?: readonly RelayView[];
}

/** The input, with what is looked up for each instance. */
interface Lookup extends StatusInput {
  readonly nodes: ReadonlyMap<PeerId, RouteNode>;
  readonly instances: ReadonlyMap<string, readonly RouteInstance[]>;
}

export function statusOf(input: StatusInput): Status {
  const { node, routes } = input;
  const ids = idsOf(routes, input.onDisk);
  const serving = servingByNode(routes, ids);
  const own = serving.get(node.id as PeerId) ?? [];
  const others = routes.nodes.filter(({ peer }) => peer !== node.id);
  const peers = others.map((other) => peerStatus(other, serving.get(other.peer) ?? [], input));
  // A standby's memory does not count until it rejoins.
  const ownBytes = node.passive ? 0 : node.vramBytes;
  const vramBytes = peers.reduce((sum, peer) => sum + peer.vramBytes, ownBytes);
  return {
    version: node.version,
    commands: input.commands,
    node: { ...node, ...foremostOf(own, node), serving: own },
    mesh: { id: input.meshId, vramBytes, token: input.token },
    peers,
    models: modelStatuses({
      ...input,
      nodes: new Map(routes.nodes.map((node) => [node.peer, node])),
      instances: Map.groupBy(routes.instances, ({ model }) => modelKey(model)),
    }, ids),
    findings: [...input.findings ?? []],
    tunnels: input.tunnels.map((tunnel) => tunnelStatus(tunnel, input.rttMs)),
    ...(input.lan === undefined ? {} : { lan: lanStatus(input.lan) }),
    ...(input.relays === undefined ? {} : { relays: input.relays.map(shownRelay) }),
    ...(input.portMapping === undefined ? {} : { portMapping: { ...input.portMapping } }),
  };
}

function lanStatus({ state, problem, own, meshes, peers }: LanView): LanStatus {
  return {
    state,
    problem,
    mesh: own,
    meshes: meshes.map((mesh) => ({ ...mesh, addresses: [...mesh.addresses] })),
    peers: peers.map(({ peer: id, addresses }) => ({ id, addresses: [...addresses] })),
  };
}

function peerStatus(
  node: RouteNode,
  serving: ServingStatus[],
  { rttMs, wayTo, streamWay }: Pick<StatusInput, "rttMs" | "wayTo" | "streamWay">,
): PeerStatus {
  const way = wayTo?.(node.peer);
  const bulk = streamWay?.(node.peer);
  const models = node.targets.map(({ model }) => idIn(serving, model));
  return {
    ...node.machine,
    id: node.peer,
    ...foremostOf(serving, { role: node.role, model: models[0] ?? null }),
    models,
    serving,
    vramBytes: node.memoryBytes,
    rttMs: roundTrip(rttMs(node.peer)),
    ...(way === undefined ? {} : { reached: reachedStatus(way) }),
    ...(bulk === undefined ? {} : { bulk }),
  };
}

/** The id of a target, which whoever made the table may have known by its name alone. */
function idIn(serving: readonly ServingStatus[], told: string): string {
  const ids = serving.map(({ model }) => model);
  return ids.includes(told) ? told : ids.find((id) => nameIn(id) === told) ?? told;
}

/** The role and the model that a node is named by. One that waits for memory does nothing yet. */
function foremostOf<Role extends string>(
  serving: readonly ServingStatus[],
  told: { readonly role: Role; readonly model: string | null },
): { role: Role | ServingStatus["role"]; model: string | null } {
  const first = foremost(serving);
  if (first === undefined) return told;
  return { role: first.state === "waiting" ? told.role : first.role, model: first.model };
}

function tunnelStatus(tunnel: TunnelCounters, rttMs: StatusInput["rttMs"]): TunnelStatus {
  return { ...tunnel, rttMs: roundTrip(rttMs(tunnel.peer as PeerId)) };
}

/** To ten microseconds: what is finer is the machine's own load. */
function roundTrip(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 100) / 100;
}

/** Models of the mesh, of this disk, and those that somebody wants; best state first, then by name. */
function modelStatuses(input: Lookup, ids: ModelIds): ModelStatus[] {
  const named = new Set([
    ...input.routes.instances.map(({ model }) => ids.idOf(model)),
    ...input.routes.wanted.map((name) => ids.canonical(name)),
    ...input.onDisk.map((model) => ids.idOf(model)),
    ...(input.routes.files ?? []).map((file) => ids.idOf(file)),
  ]);
  return [...named].map((id) => modelStatus(id, ids.only(id), input)).sort((a, b) =>
    STATES.indexOf(a.state) - STATES.indexOf(b.state) || (a.id < b.id ? -1 : 1)
  );
}

const STATES = ["warm", "loading", "turn", "waiting", "failed", "cold"] as const;

/** Whatever other machines say against it, it answers or will. */
const COMING: readonly InstanceStatus["state"][] = ["warm", "loading", "turn"];

/** @param model `undefined` where nobody that is known has a file of it. */
function modelStatus(id: string, model: ModelContent | undefined, input: Lookup): ModelStatus {
  const { nodes } = input.routes;
  const isMeant = (name: string) => model === undefined ? name === id : isNamed(name, model);
  const isThis = (other: ModelContent) => model !== undefined && isSameContent(other, model);
  const found = model === undefined ? [] : input.instances.get(modelKey(model)) ?? [];
  const turns = model === undefined ? [] : turnStatuses(model, found, input);
  const instances = [...found.map((instance) => instanceStatus(instance, input)), ...turns]
    .sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
  const file = input.onDisk.find(isThis);
  const sizeBytes = (found[0] ?? file ?? input.routes.files?.find(isThis))?.sizeBytes;
  const isFailed = nodes.some(({ failures }) => failures.some(({ model }) => isMeant(model)));
  return {
    id,
    name: model?.name ?? id,
    fingerprint: model?.fingerprint ?? null,
    sizeBytes: sizeBytes ?? 0,
    state: instances[0]?.state ?? (isFailed ? "failed" : "cold"),
    reason: instances.some(({ state }) => COMING.includes(state))
      ? null
      : reasonsOf(nodes, isMeant),
    mode: instances[0]?.mode ?? "solo",
    hosts: instances.map((instance) => instance.host),
    workers: instances[0]?.workers ?? [],
    onDisk: file !== undefined,
    ...(file === undefined || input.settingsRevision === undefined
      ? {}
      : { settingsRevision: input.settingsRevision(file) }),
    instances,
  };
}

function instanceStatus(instance: RouteInstance, input: Lookup): InstanceStatus {
  const { host, model, mode, term, hostShare, contextLength, slots, needBytes, haveBytes } =
    instance;
  const node = input.nodes.get(host);
  const state = stateOf(instance, node);
  const rate = state === "warm" ? input.measuredRate?.(instance) : undefined;
  const reason = node?.failures.find((failure) => isNamed(failure.model, model))?.reason;
  const own = host === input.node.id
    ? input.works.find((work) => sameModel(work.model, model))
    : undefined;
  return {
    host,
    mode,
    state,
    ...(state === "failed" && reason !== undefined ? { reason } : {}),
    why: own?.why ?? whyText(node, model),
    term,
    hostShare,
    workers: instance.workers.map(({ peer, share }) => ({ id: peer, share })),
    contextLength: contextLength === 0 ? null : contextLength,
    ...(slots === undefined ? {} : { slots }),
    ...(rate === undefined ? {} : { measuredTokensPerSecond: rate }),
    ...(state === "waiting" ? { needBytes, haveBytes } : {}),
    ...(own === undefined || state !== "loading" ? {} : { progress: own.progress }),
    ...(own === undefined || own.notes.length === 0 ? {} : { notes: [...own.notes] }),
  };
}

/** Of the nodes that will load the model, and have nothing of it yet. */
function turnStatuses(
  model: ModelContent,
  found: readonly RouteInstance[],
  { routes }: Lookup,
): InstanceStatus[] {
  const isAtIt = (node: RouteNode) => found.some(({ host }) => host === node.peer);
  return routes.nodes.filter((node) => hasTurn(node, model) && !isAtIt(node)).map((node) => ({
    host: node.peer,
    mode: "solo",
    state: "turn",
    why: whyText(node, model),
    term: 0,
    hostShare: 1,
    workers: [],
    contextLength: null,
  }));
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

function whyText(node: RouteNode | undefined, ref: ModelContent): string | null {
  const why = node?.targets.find(({ model }) => isNamed(model, ref))?.why ?? null;
  if (why === null) return null;
  return why === "told" ? PINNED_REASON : REASONS[why];
}
