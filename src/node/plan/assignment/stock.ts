/** The resources of a mesh for serving models, as every node works them out alone from the announcements. */

import type { Claim, ModelRef, PeerId } from "../../../mesh/mod.ts";
import { ledgerOf } from "../ledger.ts";
import { instanceOf, type Member } from "../view.ts";
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
  readonly wantedNames: ReadonlySet<string>;
  /** By name: who serves it or is about to; who would go on serving it last comes first. */
  readonly providers: ReadonlyMap<string, readonly Member[]>;
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
  const ledger = ledgerOf(members);
  for (const member of members) {
    const provisions = provisionsOf(member, ledger);
    memory.set(member.peer, provisions);
    for (const name of provisions.names) addTo(providers, name, member);
  }
  const claims = takeClaims({ members, wanted: wantedNames, providers, memory });
  for (const member of members) {
    for (const { model } of claims.get(member.peer) ?? []) addTo(providers, model, member);
  }
  for (const [name, list] of providers) providers.set(name, lastToLeaveFirst(name, list));
  const wanted = [...wantedNames].sort();
  const demand = demandOf(members);
  return { members, wanted, wantedNames, providers, memory, lenders, claims, demand };
}

/** Nothing is asked of it, and nothing is about to be. */
export function isIdle(member: Member, { lenders, claims }: Stock): boolean {
  return member.assignable && !member.instances.some(isRunning) && !lenders.has(member.peer) &&
    !claims.has(member.peer);
}

/** `undefined` for what it neither serves nor loads. */
export function roleIn(stock: Stock, member: Member, model: ModelRef): Role | undefined {
  const instance = instanceOf(member, model);
  if (instance === undefined || !isRunning(instance)) return undefined;
  if (isPinned(member, model.name)) return "pinned";
  if (instance.mode === "split") return "locked";
  const [first] = stock.providers.get(model.name) ?? [];
  const isNeeded = stock.wantedNames.has(model.name) &&
    (first === undefined || first === member || !isWarm(first, model.name));
  return isNeeded ? "sole" : "spare";
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

/**
 * Of those that provide a model the one whose user decides stays, then who answers already, then one that is free to, then
 * the lowest PeerId: the order in which they are.
 */
function lastToLeaveFirst(name: string, members: readonly Member[]): Member[] {
  const rank = (member: Member) =>
    (isPinned(member, name) ? 0 : 4) + (isWarm(member, name) ? 0 : 2) + Number(!member.assignable);
  const ranked = members.map((member) => ({ member, rank: rank(member) }));
  return ranked.sort((a, b) => a.rank - b.rank || (a.member.peer < b.member.peer ? -1 : 1))
    .map(({ member }) => member);
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
  else if (list.at(-1) !== member) list.push(member);
}
