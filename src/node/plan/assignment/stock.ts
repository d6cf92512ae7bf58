/** The resources of a mesh for serving models, as every node works them out alone from the announcements. */

import type { Claim, Instance, ModelRef, PeerId } from "../../../mesh/mod.ts";
import { type Member, modelKey } from "../view.ts";
import { takeClaims } from "./claims.ts";
import { type MemberMemory, provisionsOf } from "./memory.ts";
import { isPinned, isRunning, isWarm } from "./running.ts";

/**
 * The mesh's freedom with one model of one member: none, for its user decides (`pinned`) or it is a part of a split
 * (`locked`); to end it, for others serve it as well (`spare`); or only once another member serves it (`sole`).
 */
export type Role = "pinned" | "locked" | "spare" | "sole";

export interface Stock {
  /** In the order of their PeerIds. */
  readonly members: readonly Member[];
  /** Names, sorted. */
  readonly wanted: readonly string[];
  /** By name: who serves it or is about to; who would go on serving it last comes first. */
  readonly providers: ReadonlyMap<string, readonly Member[]>;
  /** By member, and by the key of each model that it serves or loads. */
  readonly roles: ReadonlyMap<PeerId, ReadonlyMap<string, Role>>;
  readonly memory: ReadonlyMap<PeerId, MemberMemory>;
  /** The members that are counted in a split of another one. */
  readonly lenders: ReadonlySet<PeerId>;
  /** Claims that hold, of what is not begun: of two for the same gap the one of the higher PeerId. */
  readonly claims: ReadonlyMap<PeerId, readonly Claim[]>;
  /** By name: requests that are answered at one time. */
  readonly demand: ReadonlyMap<string, number>;
}

export function takeStock(members: readonly Member[]): Stock {
  const wantedNames = new Set(members.flatMap((member) => member.wanted));
  const lenders = lendersOf(members);
  const providers = new Map<string, Member[]>();
  const memory = new Map<PeerId, MemberMemory>();
  for (const member of members) {
    const { names, ...left } = provisionsOf(member, members);
    memory.set(member.peer, left);
    for (const name of names) addTo(providers, name, member);
  }
  const claims = takeClaims({ members, wanted: wantedNames, providers, memory });
  for (const member of members) {
    for (const { model } of claims.get(member.peer) ?? []) addTo(providers, model, member);
  }
  for (const [name, list] of providers) list.sort((a, b) => lastToLeaveFirst(name, a, b));
  const roles = new Map(members.map((member) =>
    [
      member.peer,
      new Map(
        member.instances.filter(isRunning).map((instance) =>
          [modelKey(instance.model), roleOf(member, instance, wantedNames, providers)] as const
        ),
      ),
    ] as const
  ));
  const wanted = [...wantedNames].sort();
  const demand = demandOf(members);
  return { members, wanted, providers, roles, memory, lenders, claims, demand };
}

/** Nothing is asked of it, and nothing is about to be. */
export function isIdle(member: Member, { lenders, claims }: Stock): boolean {
  return member.assignable && !member.instances.some(isRunning) && !lenders.has(member.peer) &&
    !claims.has(member.peer);
}

export function roleIn({ roles }: Stock, { peer }: Member, model: ModelRef): Role | undefined {
  return roles.get(peer)?.get(modelKey(model));
}

/** Whether a member may end this instance for what it is to do instead: where nobody else serves it, once somebody does. */
export function mayGiveUp(member: Member, model: ModelRef, stock: Stock): boolean {
  const role = roleIn(stock, member, model);
  if (role === "pinned" || role === "locked") return false;
  if (role !== "sole") return true;
  const others = stock.providers.get(model.name)?.filter(({ peer }) => peer !== member.peer);
  return others?.some((other) => isWarm(other, model.name)) ?? false;
}

function lendersOf(members: readonly Member[]): Set<PeerId> {
  const running = members.flatMap(({ instances }) => instances.filter(isRunning));
  return new Set(running.flatMap(({ workers }) => workers.map(({ peer }) => peer)));
}

function roleOf(
  member: Member,
  { model, mode }: Instance,
  wanted: ReadonlySet<string>,
  providers: ReadonlyMap<string, readonly Member[]>,
): Role {
  if (isPinned(member, model.name)) return "pinned";
  if (mode === "split") return "locked";
  const [first] = providers.get(model.name) ?? [];
  const isNeeded = wanted.has(model.name) &&
    (first === undefined || first === member || !isWarm(first, model.name));
  return isNeeded ? "sole" : "spare";
}

/**
 * Of those that provide a model the one whose user decides stays, then who answers already, then one that is free to, then
 * the lowest PeerId.
 */
function lastToLeaveFirst(name: string, a: Member, b: Member): number {
  const isTold = (member: Member) => Number(isPinned(member, name));
  return isTold(b) - isTold(a) || Number(isWarm(b, name)) - Number(isWarm(a, name)) ||
    Number(b.assignable) - Number(a.assignable) || (a.peer < b.peer ? -1 : 1);
}

function demandOf(members: readonly Member[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { demand } of members) {
    for (const name of Object.keys(demand)) {
      sums.set(name, (sums.get(name) ?? 0) + (demand[name] ?? 0));
    }
  }
  return sums;
}

function addTo(providers: Map<string, Member[]>, name: string, member: Member): void {
  const list = providers.get(name);
  if (list === undefined) providers.set(name, [member]);
  else if (!list.includes(member)) list.push(member);
}
