/** The resources of a mesh for serving models, as every node works them out alone from the announcements. */

import type { Claim, Instance, ModelRef, PeerId } from "../../../mesh/mod.ts";
import { ledgerOf } from "../ledger.ts";
import { belongsTo, instanceOf, type Member, sameModel } from "../view.ts";
import { takeClaims } from "./claims.ts";
import { type MemberMemory, provisionsOf } from "./memory.ts";
import { isPinned, isRunning, isWarm, servesSeveral } from "./running.ts";

/**
 * The mesh's freedom with one model of one member: none, for a user decides (`pinned`) or it is a split that is needed
 * (`locked`); to end it, for nobody wants it or others serve it as well (`spare`); or only once another member serves it
 * (`sole`). All members of a split have the same.
 */
export type Role = "pinned" | "locked" | "spare" | "sole";

/** An instance that a member has a part in. */
export interface Part {
  /** The only one that can end it in good order. */
  readonly host: Member;
  readonly instance: Instance;
}

export interface Stock {
  /** In the order of their PeerIds. */
  readonly members: readonly Member[];
  readonly byPeer: ReadonlyMap<PeerId, Member>;
  /** Names, sorted. */
  readonly wanted: readonly string[];
  readonly wantedNames: ReadonlySet<string>;
  /** By name: who serves it or is about to; who would go on serving it last comes first. */
  readonly providers: ReadonlyMap<string, readonly Member[]>;
  readonly memory: ReadonlyMap<PeerId, MemberMemory>;
  /** By member: the splits of others that it is counted in. */
  readonly lent: ReadonlyMap<PeerId, readonly Part[]>;
  /** Claims that hold, of what is not begun: of two for the same gap the one of the higher PeerId. */
  readonly claims: ReadonlyMap<PeerId, readonly Claim[]>;
  /** By name: requests that are answered at one time. */
  readonly demand: ReadonlyMap<string, number>;
}

export function takeStock(members: readonly Member[]): Stock {
  const wantedNames = new Set(members.flatMap((member) => member.wanted));
  const lent = lentOf(members);
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
  const byPeer = new Map(members.map((member) => [member.peer, member]));
  return { members, byPeer, wanted, wantedNames, providers, memory, lent, claims, demand };
}

/** Nothing is asked of it, and nothing is about to be. */
export function isIdle(member: Member, { lent, claims }: Stock): boolean {
  return member.assignable && !member.instances.some(isRunning) && !lent.has(member.peer) &&
    !claims.has(member.peer);
}

/** Its own instance of the model, or that of another member to which it lends memory. */
export function partIn(stock: Stock, member: Member, model: ModelRef): Part | undefined {
  const own = instanceOf(member, model);
  if (own !== undefined && isRunning(own)) return { host: member, instance: own };
  return stock.lent.get(member.peer)?.find(({ instance }) => sameModel(instance.model, model));
}

/** `undefined` for what it neither serves nor loads, nor lends memory to. */
export function roleIn(stock: Stock, member: Member, model: ModelRef): Role | undefined {
  const part = partIn(stock, member, model);
  if (part === undefined) return undefined;
  const { host, instance } = part;
  if (isPinned(host, model.name)) return "pinned";
  const isSplit = instance.mode === "split";
  if (isSplit && isKept(stock, part)) return "pinned";
  const [first] = stock.providers.get(model.name) ?? [];
  const isNeeded = stock.wantedNames.has(model.name) &&
    (first === undefined || first === host || !isWarm(first, model.name));
  if (!isNeeded) return "spare";
  return isSplit ? "locked" : "sole";
}

/** A user has it on one of its machines, or one of an earlier version would not give it up for others. */
function isKept({ byPeer }: Stock, { host, instance: { model, workers } }: Part): boolean {
  return [host, ...workers.flatMap(({ peer }) => byPeer.get(peer) ?? [])].some((one) =>
    !servesSeveral(one) || (isPinned(one, model.name) && belongsTo(one, model))
  );
}

/**
 * Whether a member may end this instance for what it is to do instead: where nobody else serves it, once somebody does. A
 * split is ended by its host, and its workers have their memory back then; only one that yields to what its host's user
 * wants more (`yieldingTo`) they leave at once.
 */
export function mayGiveUp(member: Member, model: ModelRef, stock: Stock): boolean {
  const role = roleIn(stock, member, model);
  if (role !== undefined && partIn(stock, member, model)?.host !== member) return role !== "spare";
  if (role === "pinned" || role === "locked") return false;
  if (role !== "sole") return true;
  const others = stock.providers.get(model.name)?.filter(({ peer }) => peer !== member.peer);
  return others?.some((other) => isWarm(other, model.name)) ?? false;
}

function lentOf(members: readonly Member[]): Map<PeerId, Part[]> {
  const lent = new Map<PeerId, Part[]>();
  for (const host of members) {
    for (const instance of host.instances.filter(isRunning)) {
      for (const { peer } of instance.workers) {
        const parts = lent.get(peer) ?? [];
        parts.push({ host, instance });
        lent.set(peer, parts);
      }
    }
  }
  return lent;
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
