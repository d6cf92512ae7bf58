/** The models that members have announced to take, before they load them. Pure. */

import type { Claim, PeerId } from "../../../mesh/mod.ts";
import type { Member } from "../view.ts";
import { mayServe } from "./fits.ts";
import { lessBytes, type MemberMemory } from "./memory.ts";
import { servedBy } from "./running.ts";

export interface ClaimsInput {
  readonly members: readonly Member[];
  readonly memory: ReadonlyMap<PeerId, MemberMemory>;
  readonly wanted: ReadonlySet<string>;
  /** By name. */
  readonly providers: ReadonlyMap<string, readonly Member[]>;
}

/**
 * The claims that hold. One fills a gap, and one more gives a hot model its next instance: of two the lower PeerId yields.
 * Several of one member hold as far as all of them fit what is free of its memory, in their order.
 */
export function takeClaims(input: ClaimsInput): Map<PeerId, readonly Claim[]> {
  const winners = new Map<string, Member>();
  const made = new Map<PeerId, readonly Claim[]>();
  for (const member of input.members) {
    const claims = member.claims.length === 0 ? [] : fittingOf(member, input);
    for (const { model } of claims) {
      if ((winners.get(model)?.peer ?? "") < member.peer) winners.set(model, member);
    }
    if (claims.length > 0) made.set(member.peer, claims);
  }
  const won = [...made].map(([peer, claims]) =>
    [peer, claims.filter(({ model }) => winners.get(model)?.peer === peer)] as const
  );
  return new Map(won.filter(([, claims]) => claims.length > 0));
}

function fittingOf(member: Member, { memory, wanted, providers }: ClaimsInput): Claim[] {
  const { free, held } = memory.get(member.peer) as MemberMemory;
  const served = new Set([...servedBy(member), ...held.map(({ model }) => model.name)]);
  let left = free;
  return member.claims.filter(({ model, reason }) => {
    const isProvided = providers.has(model);
    const isDue = reason === "hot" ? isProvided : !isProvided && wanted.has(model);
    if (served.has(model) || !isDue) return false;
    const needBytes = needOfClaim(member, { model, reason });
    if (needBytes === undefined || needBytes > left.memoryBytes) return false;
    left = lessBytes(left, needBytes);
    return true;
  });
}

/** `undefined` where it can't take it alone: helpers of a split that is to form claim nothing, or nobody sees that it lacks them. */
function needOfClaim(member: Member, { model, reason }: Claim): number | undefined {
  const file = member.models.find((one) => one.name === model && mayServe(member, one));
  if (file !== undefined) {
    return ["spare", "split", "room"].includes(reason) ? undefined : file.needBytes;
  }
  // The catalog says how much it will take, and whoever claims it has looked.
  return reason === "download" || reason === "hot" ? 0 : undefined;
}
