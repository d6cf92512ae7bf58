/** The resources of a mesh for serving models, as every node works them out alone from the announcements. */

import type { Claim, ModelRef, PeerId } from "../../../mesh/mod.ts";
import { fileOf, type Member } from "../view.ts";

/**
 * The mesh's freedom with a member: none (`fixed`: its user decides; `locked`: it is part of a split, has claimed a
 * model, or is the only one for one of several), give it a model (`idle`), take it from a model that others serve as
 * well (`spare`), or only once another member serves its model (`sole`).
 */
export type Role = "fixed" | "locked" | "idle" | "spare" | "sole";

export interface Stock {
  /** In the order of their PeerIds. */
  readonly members: readonly Member[];
  /** Names, sorted. */
  readonly wanted: readonly string[];
  /** By name: who serves it or is about to; who would go on serving it last comes first. */
  readonly providers: ReadonlyMap<string, readonly Member[]>;
  readonly roles: ReadonlyMap<PeerId, Role>;
  /** The members that are counted in a split. */
  readonly workers: ReadonlySet<PeerId>;
  /** Claims that hold: of two for the same gap the one of the higher PeerId. */
  readonly claims: ReadonlyMap<PeerId, readonly Claim[]>;
  /** By name: requests that are answered at one time. */
  readonly demand: ReadonlyMap<string, number>;
}

export function takeStock(members: readonly Member[]): Stock {
  const wantedNames = new Set(members.flatMap((member) => member.wanted));
  const workers = new Set(
    members.flatMap(({ instances }) =>
      instances.flatMap(({ workers }) => workers.map(({ peer }) => peer))
    ),
  );
  const isFree = (member: Member) =>
    member.assignable && servedBy(member).length === 0 && !workers.has(member.peer);
  const providers = new Map<string, Member[]>();
  for (const member of members) {
    for (const name of providedBy(member)) addTo(providers, name, member);
  }
  const claims = validClaims(members.filter(isFree), wantedNames, providers);
  for (const member of members) {
    for (const { model } of claims.get(member.peer) ?? []) addTo(providers, model, member);
  }
  for (const [name, list] of providers) list.sort((a, b) => lastToLeaveFirst(name, a, b));
  const roles = new Map(members.map((member): [PeerId, Role] => {
    if (!member.assignable) return [member.peer, "fixed"];
    if (workers.has(member.peer) || claims.has(member.peer)) return [member.peer, "locked"];
    return [member.peer, roleOf(member, wantedNames, providers)];
  }));
  const wanted = [...wantedNames].sort();
  return { members, wanted, providers, roles, workers, claims, demand: demandOf(members) };
}

/** The models that the member serves or loads. */
export function runningOf({ instances }: Pick<Member, "instances">): ModelRef[] {
  return instances.filter(({ state }) => state !== "waiting").map(({ model }) => model);
}

/** Their names. */
export function servedBy(member: Pick<Member, "instances">): string[] {
  return runningOf(member).map(({ name }) => name);
}

/** Whether a member may end this instance for what it is to do instead: where nobody else serves it, once somebody does. */
export function mayGiveUp(member: Member, name: string, { roles, providers }: Stock): boolean {
  if (roles.get(member.peer) !== "sole") return true;
  const others = (providers.get(name) ?? []).filter(({ peer }) => peer !== member.peer);
  return others.some((other) => isWarm(other, name));
}

export function isWarm({ instances }: Member, name: string): boolean {
  return instances.some(({ model, state }) => model.name === name && state === "warm");
}

/** Requests that are answered at one time, of all that the member serves. */
export function askedOf(member: Member, demand: Stock["demand"]): number {
  return servedBy(member).reduce((sum, name) => sum + (demand.get(name) ?? 0), 0);
}

/** A member that failed to serve a model leaves it to others. */
function providedBy(member: Member): string[] {
  const failed = new Set(member.failures.map(({ model }) => model));
  return provisionsOf(member).filter((name) => !failed.has(name));
}

/** A member whose user named a model that fits it will load it, though it may not have announced that yet. */
function provisionsOf(member: Member): string[] {
  const { targets, assignable, obeys, memoryBytes } = member;
  const served = servedBy(member);
  if (served.length > 0 || assignable || obeys.length > 0) return served;
  const fitting = targets.filter((target) =>
    (fileOf(member, target)?.needBytes ?? Infinity) <= memoryBytes
  );
  return fitting.map(({ name }) => name);
}

/** One claim fills a gap, and one more gives a hot model its next instance. The lower claim yields. */
function validClaims(
  free: readonly Member[],
  wanted: ReadonlySet<string>,
  providers: ReadonlyMap<string, readonly Member[]>,
): Map<PeerId, readonly Claim[]> {
  const winners = new Map<string, Member>();
  const isValid = (member: Member, claim: Claim) => {
    if (!takesAlone(member, claim)) return false;
    const isProvided = providers.has(claim.model);
    return claim.reason === "hot" ? isProvided : !isProvided && wanted.has(claim.model);
  };
  for (const member of free) {
    for (const claim of member.claims.filter((one) => isValid(member, one))) {
      if ((winners.get(claim.model)?.peer ?? "") < member.peer) winners.set(claim.model, member);
    }
  }
  const won = ({ peer, claims }: Member) =>
    claims.filter(({ model }) => winners.get(model)?.peer === peer);
  return new Map([...winners.values()].map((member) => [member.peer, won(member)]));
}

/** Helpers of a split that is still to form claim nothing: others must see that it lacks them. */
function takesAlone({ models, memoryBytes }: Member, { model, reason }: Claim): boolean {
  if (reason === "download" || reason === "hot") return true;
  const fits = models.some((file) => file.name === model && file.needBytes <= memoryBytes);
  return fits && (reason === "unserved" || reason === "memory");
}

function roleOf(
  member: Member,
  wanted: ReadonlySet<string>,
  providers: ReadonlyMap<string, readonly Member[]>,
): Role {
  const served = servedBy(member);
  if (served.length === 0) return "idle";
  if (member.instances.some(({ mode }) => mode === "split")) return "locked";
  const isNeeded = (name: string) => {
    const [first] = providers.get(name) ?? [];
    return wanted.has(name) && (first === undefined || first === member || !isWarm(first, name));
  };
  if (!served.some(isNeeded)) return "spare";
  // Others take over one model for one: a node that serves several goes on.
  return served.length === 1 ? "sole" : "locked";
}

/** Of those that provide a model the one whose user decides stays, then who answers already, then the lowest PeerId. */
function lastToLeaveFirst(name: string, a: Member, b: Member): number {
  return Number(a.assignable) - Number(b.assignable) ||
    Number(isWarm(b, name)) - Number(isWarm(a, name)) ||
    (a.peer < b.peer ? -1 : 1);
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
  else list.push(member);
}
