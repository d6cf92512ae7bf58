/** The resources of a mesh for serving models, as every node works them out alone from the announcements. */

import type { Claim, PeerId } from "../../../mesh/mod.ts";
import { fileOf, type Member } from "../view.ts";

/**
 * The mesh's freedom with a member: none (`fixed`: its user decides; `locked`: it is part of a split, or has claimed a
 * model), give it a model (`idle`), take it from a model that others serve as well (`spare`), or only once another
 * member serves its model (`sole`).
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
  readonly claims: ReadonlyMap<PeerId, Claim>;
  /** By name: requests that are answered at one time. */
  readonly demand: ReadonlyMap<string, number>;
}

export function takeStock(members: readonly Member[]): Stock {
  const wantedNames = new Set(members.flatMap((member) => member.wanted));
  const workers = new Set(
    members.flatMap(({ instance }) => instance?.workers.map(({ peer }) => peer) ?? []),
  );
  const isFree = (member: Member) =>
    member.assignable && servedBy(member) === null && !workers.has(member.peer);
  const providers = new Map<string, Member[]>();
  for (const member of members) addTo(providers, providedBy(member), member);
  const claims = validClaims(members.filter(isFree), wantedNames, providers);
  for (const member of members) addTo(providers, claims.get(member.peer)?.model ?? null, member);
  for (const list of providers.values()) list.sort(lastToLeaveFirst);
  const roles = new Map(members.map((member): [PeerId, Role] => {
    if (!member.assignable) return [member.peer, "fixed"];
    if (workers.has(member.peer) || claims.has(member.peer)) return [member.peer, "locked"];
    return [member.peer, roleOf(member, wantedNames, providers)];
  }));
  const wanted = [...wantedNames].sort();
  return { members, wanted, providers, roles, workers, claims, demand: demandOf(members) };
}

/** The name of what the member serves or loads. */
export function servedBy({ instance }: Member): string | null {
  return instance === null || instance.state === "waiting" ? null : instance.model.name;
}

export function isWarm(member: Member): boolean {
  return member.instance?.state === "warm";
}

/** A member that failed to serve a model leaves it to others. */
function providedBy(member: Member): string | null {
  const name = provisionOf(member);
  return member.failures.some(({ model }) => model === name) ? null : name;
}

/** A member whose user named a model that fits it will load it, though it may not have announced that yet. */
function provisionOf(member: Member): string | null {
  const { target, assignable, obeys } = member;
  const served = servedBy(member);
  if (served !== null || assignable || target === null || obeys !== null) return served;
  const file = fileOf(member, target);
  return file !== undefined && file.needBytes <= member.memoryBytes ? target.name : null;
}

/** One claim fills a gap, and one more gives a hot model its next instance. The lower claim yields. */
function validClaims(
  free: readonly Member[],
  wanted: ReadonlySet<string>,
  providers: ReadonlyMap<string, readonly Member[]>,
): Map<PeerId, Claim> {
  const winners = new Map<string, Member>();
  for (const member of free) {
    const { claim } = member;
    if (claim === null || !takesAlone(member, claim)) continue;
    const isProvided = providers.has(claim.model);
    const isValid = claim.reason === "hot" ? isProvided : !isProvided && wanted.has(claim.model);
    if (isValid && (winners.get(claim.model)?.peer ?? "") < member.peer) {
      winners.set(claim.model, member);
    }
  }
  return new Map([...winners.values()].map(({ peer, claim }) => [peer, claim as Claim]));
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
  if (served === null) return "idle";
  if (member.instance?.mode === "split") return "locked";
  const [first] = providers.get(served) ?? [];
  const isNeeded = wanted.has(served) &&
    (first === undefined || first === member || !isWarm(first));
  return isNeeded ? "sole" : "spare";
}

/** Whose user decides stays, then who answers already, then the lowest PeerId. */
function lastToLeaveFirst(a: Member, b: Member): number {
  return Number(a.assignable) - Number(b.assignable) || Number(isWarm(b)) - Number(isWarm(a)) ||
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

function addTo(providers: Map<string, Member[]>, name: string | null, member: Member): void {
  if (name === null) return;
  const list = providers.get(name);
  if (list === undefined) providers.set(name, [member]);
  else list.push(member);
}
