/** The mesh as the judgement of what fits takes it, made of what a node knows of it. Pure. */

import {
  type Announcement,
  type PeerId,
  type RouteInstance,
  type RouteNode,
  type RoutingTable,
  toldApart,
} from "../../mesh/mod.ts";
import type { OfferedMemory } from "../../engine/mod.ts";
import type { LocalModel } from "../../models/mod.ts";
import type { FitMember, FitView } from "../plan/fit_mesh.ts";
import type { Member } from "../plan/view.ts";
import { filesOf, isRunning, isSingle, type ShapeOf } from "./fit_views.ts";

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
  readonly shapeOf: ShapeOf;
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

function ownMember(own: OwnPart, { self, routes, rttMs, shapeOf }: KnownMesh): FitMember {
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
    files: filesOf(own.models, shapeOf),
    downloadBytes: own.downloadBytes,
    refuses: node?.dropped ?? [],
    pins: node === undefined ? [] : pinsOf(node),
    instances,
    demand: Object.fromEntries(idle.map(([name, ms]) => [name, ms === Infinity ? 1 : 0])),
    idleSinceMs: Object.fromEntries(idle),
  };
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

function pinsOf({ targets, claims }: RouteNode): string[] {
  return targets.filter(({ model, why }) => why === "told" && !claims.includes(model))
    .map(({ model }) => model);
}
