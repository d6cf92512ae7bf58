/** The mesh as the judgement of what fits takes it, made of what a node, or a command, knows of it. Pure. */

import type { Fit, PeerStatus, Status } from "../../api/mod.ts";
import {
  type Announcement,
  type HeldMemory,
  type ModelOnDisk,
  type ModelRef,
  type PeerId,
  type RouteInstance,
  type RouteNode,
  type RoutingTable,
  toldApart,
} from "../../mesh/mod.ts";
import type { OfferedMemory } from "../../engine/mod.ts";
import { type LocalModel, needBytes } from "../../models/mod.ts";
import type { FitMember, FitView } from "../plan/fit_mesh.ts";
import { fitJudge } from "../plan/fit_now.ts";
import { fitOf } from "../plan/fit_words.ts";
import type { Member } from "../plan/view.ts";

/** The member itself, as far as it knows more of itself than of others. */
export interface OwnPart {
  readonly memory: OfferedMemory;
  readonly rpcProtocol: string;
  readonly models: readonly LocalModel[];
  readonly downloadBytes: number;
  /** As `Demand.idleSinceMs` has it. */
  readonly idleSinceMs: (model: string) => number | undefined;
}

export interface KnownMesh {
  readonly self: PeerId;
  /** `null` for a client. */
  readonly own: OwnPart | null;
  readonly members: readonly Announcement[];
  readonly routes: RoutingTable;
  readonly rttMs: (peer: PeerId) => number | undefined;
  /** As its user set it. */
  readonly contextLength: number | null;
}

/** Members describe themselves; of the others only the routing table tells, as a passive node has it. */
export function fitViewOf(known: KnownMesh): FitView {
  const { self, own, members, routes } = known;
  const announced = new Set(members.map(({ peer }) => peer));
  const instances = Map.groupBy(routes.instances, ({ host }) => host);
  const others = routes.nodes.filter(({ peer }) => peer !== self && !announced.has(peer));
  return {
    self: own === null ? null : self,
    members: [
      ...(own === null ? [] : [ownMember(own, known)]),
      ...pinsApart(members),
      ...others.map((node) => listedMember(node, instances.get(node.peer) ?? [])),
    ],
  };
}

function ownMember(own: OwnPart, { self, routes, rttMs, contextLength }: KnownMesh): FitMember {
  const node = routes.nodes.find(({ peer }) => peer === self);
  const instances = routes.instances.filter(({ host }) => host === self);
  const idle = instances.map(({ model: { name } }) =>
    [name, own.idleSinceMs(name) ?? Infinity] as const
  );
  const rtts = routes.nodes.map(({ peer }) => [peer, rttMs(peer)] as const);
  return {
    peer: self,
    isSingle: false,
    reservations: node?.reservations ?? [],
    name: node?.machine.name ?? "",
    memoryBytes: own.memory.memoryBytes,
    devices: own.memory.devices,
    rpcProtocol: own.rpcProtocol,
    rttsMs: Object.fromEntries(rtts.flatMap(([peer, ms]) => ms === undefined ? [] : [[peer, ms]])),
    files: filesOf(own.models, contextLength),
    downloadBytes: own.downloadBytes,
    refuses: node?.dropped ?? [],
    pins: node === undefined ? [] : pinsOf(node),
    instances,
    demand: Object.fromEntries(idle.map(([name, ms]) => [name, ms === Infinity ? 1 : 0])),
    idleSinceMs: Object.fromEntries(idle),
  };
}

function filesOf(models: readonly LocalModel[], contextLength: number | null): ModelOnDisk[] {
  return models.map((model) => ({
    name: model.name,
    sizeBytes: model.sizeBytes,
    fingerprint: model.fingerprint,
    needBytes: needBytes(model, contextLength),
  }));
}

/** Of two models of one name a user has pinned one. */
function pinsApart(members: readonly Announcement[]): FitMember[] {
  const apart = toldApart(members);
  return members.map((member, index) => ({
    ...announcedMember(member),
    pins: announcedMember(apart[index] ?? member).pins,
  }));
}

export function announcedMember(member: Member): FitMember {
  const { peer, memoryBytes, machine, rttsMs, models, downloadBytes, refuses, demand } = member;
  const { reservations, instances } = member;
  const claimed = new Set(member.claims.map(({ model }) => model));
  const names = member.assignable ? [] : member.targets.map(({ name }) => name);
  return {
    peer,
    isSingle: isSingle(reservations, instances.some(isRunning) || member.obeys.length > 0),
    reservations,
    name: machine.name,
    memoryBytes,
    devices: machine.devices,
    rpcProtocol: machine.engine?.rpcProtocol ?? null,
    rttsMs,
    files: models,
    downloadBytes,
    refuses,
    pins: names.filter((name) => !claimed.has(name)),
    instances,
    demand,
  };
}

function listedMember(node: RouteNode, instances: readonly RouteInstance[]): FitMember {
  const { peer, machine, role, memoryBytes, dropped, reservations } = node;
  return {
    peer,
    isSingle: isSingle(reservations, instances.some(isRunning) || role === "worker"),
    reservations,
    name: machine.name,
    memoryBytes,
    devices: machine.devices,
    rpcProtocol: machine.engine?.rpcProtocol ?? null,
    rttsMs: {},
    files: null,
    downloadBytes: 0,
    refuses: dropped,
    pins: pinsOf(node),
    instances,
    demand: {},
  };
}

/** One of an earlier version serves one model, and is known by not saying what memory that takes. */
function isSingle(reservations: readonly HeldMemory[], isBusy: boolean): boolean {
  return isBusy && reservations.length === 0;
}

function isRunning({ state }: { readonly state: string }): boolean {
  return state !== "waiting";
}

function pinsOf({ targets, claims }: RouteNode): string[] {
  return targets.filter(({ model, why }) => why === "told" && !claims.includes(model))
    .map(({ model }) => model);
}

/** One machine that runs nothing, and has these files. */
export function lonelyView(memory: OfferedMemory, models: readonly LocalModel[]): FitView {
  const self = {
    peer: SELF,
    isSingle: false,
    reservations: [],
    name: "this machine",
    memoryBytes: memory.memoryBytes,
    devices: memory.devices,
    rpcProtocol: "",
    rttsMs: {},
    files: filesOf(models, null),
    downloadBytes: 0,
    refuses: [],
    pins: [],
    instances: [],
    demand: {},
  };
  return { self: SELF, members: [self] };
}

const SELF = "self";

/** Of a file that is still to be fetched, which any machine could then have. */
export function downloadFit(
  model: { readonly name: string; readonly sizeBytes: number },
  view: FitView,
  contextLength: number | null,
): Fit {
  const fit = fitJudge(view)({ ...model, fingerprint: null, source: "anywhere" }, contextLength);
  return fitOf(fit, view);
}

/** The mesh, as far as a running node's status tells it. A file lies on its machine, unless that is a client's: then anywhere. */
export function statusView(status: Status, models: readonly LocalModel[]): FitView {
  const { node, peers } = status;
  const isClient = node.role === "client";
  const rtts = peers.flatMap(({ id, rttMs }) => rttMs === null ? [] : [[id, rttMs]]);
  const self = { ...statusMember(node, status), rttsMs: Object.fromEntries(rtts) };
  const others = peers.map((peer) => statusMember(peer, status));
  if (isClient) return { self: null, members: others.map((one) => ({ ...one, files: null })) };
  return {
    self: node.id,
    members: [{ ...self, files: filesOf(models, null) }, ...others],
  };
}

function statusMember(
  { id, name, vramBytes, devices, engine, serving }: PeerStatus | Status["node"],
  { models }: Status,
): FitMember {
  const hosted = models.flatMap(({ name, sizeBytes, instances }) =>
    instances.filter(({ host }) => host === id).map((one) => ({ ...one, name, sizeBytes }))
  );
  const reservations = serving.map(({ model, reservedBytes }): HeldMemory => ({
    model: refOf(model),
    devices: Object.entries(reservedBytes).map(([name, bytes]) => ({ name, bytes })),
  })).filter(({ devices }) => devices.length > 0);
  return {
    peer: id,
    isSingle: isSingle(reservations, serving.some(isRunning)),
    reservations,
    name,
    memoryBytes: vramBytes,
    devices,
    rpcProtocol: engine !== null && "rpcProtocol" in engine ? engine.rpcProtocol : null,
    rttsMs: {},
    files: [],
    downloadBytes: 0,
    refuses: [],
    pins: serving.filter(({ pinned }) => pinned).map(({ model }) => model),
    instances: hosted.map(({ name, sizeBytes, state, hostShare, workers, ...one }) => ({
      model: refOf(name),
      // A node that fails to load a model is still to serve it.
      state: state === "failed" ? "loading" : state,
      hostShare,
      workers: workers.map(({ id, share }) => ({ peer: id as PeerId, share })),
      needBytes: one.needBytes ?? needBytes({ sizeBytes }, null),
    })),
    demand: {},
  };
}

/** The status tells no contents. */
function refOf(name: string): ModelRef {
  return { name, fingerprint: "" };
}
