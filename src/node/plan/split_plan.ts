/** How a group of nodes serves its model: each alone, or some of them together. Pure. */

import type { Instance, ModelRef, PeerId } from "../../mesh/mod.ts";
import { type MemoryUse, place } from "../../models/mod.ts";
import { SPLIT_RTT_LIMIT_MS } from "./defaults.ts";
import type { Plan } from "./plan.ts";
import { elect } from "./elect.ts";
import { bytesOf, memberPools } from "./pools.ts";
import { proportionsOf, sameShares } from "./proportions.ts";
import {
  canWorkFor,
  everyone,
  fileOf,
  groupOf,
  instanceOf,
  isNear,
  type Member,
  needOf,
  type View,
} from "./view.ts";

/** The work of this node for the model whose group it is in. */
export function splitPlan(view: View, model: ModelRef): Plan {
  const { self } = view;
  const { pool, memory } = splitPool(groupOf(view, model), model);
  const needBytes = fileOf(self, model)?.needBytes ?? needOf(everyone(view), model);
  if (!pool.some((member) => member.peer === self.peer)) {
    return { kind: "solo", model, needBytes };
  }
  const host = electHostOf(electorate(pool, model), memory);
  if (host === undefined) return { kind: "waiting", model, needBytes, haveBytes: 0 };
  if (host.peer !== self.peer) return obey(host, self.peer, model);
  return hostPlan(view, pool, model, needBytes);
}

interface SplitPool {
  readonly pool: readonly Member[];
  /** The memory that it is about, by which its host is elected. */
  readonly memory: MemoryUse;
}

/**
 * The members that run one instance together: all of the group once somebody forces a split, else those whose GPUs hold the
 * model only together, or if they do not either, those that can't run it alone with all that they have.
 */
function splitPool(group: readonly Member[], model: ModelRef): SplitPool {
  if (group.some((member) => member.split)) return { pool: group, memory: "all" };
  const rest = group.filter((member) => !holds(member, model, "gpu"));
  const small = rest.filter((member) => !holds(member, model, "all"));
  const whole = wholeSplit(rest, model);
  const joining = rest.filter((member) =>
    mayJoin(member, model) && (whole?.includes(member) ?? true)
  );
  const pool = rest.filter((member) => small.includes(member) || joining.includes(member));
  return gpusDo(whole ?? pool, model) ? { pool, memory: "gpu" } : { pool: small, memory: "all" };
}

function holds(member: Member, model: ModelRef, memory: MemoryUse): boolean {
  return bytesOf(member, memory) >= (fileOf(member, model)?.needBytes ?? Infinity);
}

/** A machine with a GPU that could also serve it with its main memory joins others, but not while it is asked for. */
function mayJoin(member: Member, model: ModelRef): boolean {
  const isAsked = instanceOf(member, model)?.mode === "solo" &&
    (member.demand[model.name] ?? 0) > 0;
  return bytesOf(member, "gpu") > 0 && !isAsked;
}

/** Whether the GPUs of those near enough to the host hold the model, and not its own alone. */
function gpusDo(pool: readonly Member[], model: ModelRef): boolean {
  const host = electHostOf(holdersOf(pool, model), "gpu");
  if (host === undefined) return false;
  const team = pool.filter((member) => member === host || isNear(host, member));
  const haveBytes = team.reduce((sum, member) => sum + bytesOf(member, "gpu"), 0);
  return team.length > 1 && haveBytes >= needOf(pool, model);
}

/**
 * The members that may be elected. While a split for want of memory is whole, only its own members: a newcomer that it
 * does not need changes nothing, however much memory it has.
 */
function electorate(pool: readonly Member[], model: ModelRef): Member[] {
  const forced = pool.some((member) => member.split);
  return holdersOf(forced ? pool : wholeSplit(pool, model) ?? pool, model);
}

/** GPUs that others lend go to the machine of somebody who wants the model: it stays when they are called elsewhere. */
function electHostOf(holders: readonly Member[], memory: MemoryUse): Member | undefined {
  const told = holders.filter(({ assignable }) => !assignable);
  return elect(memory === "gpu" && told.length > 0 ? told : holders, memory);
}

function holdersOf(members: readonly Member[], model: ModelRef): Member[] {
  return members.filter((member) => fileOf(member, model) !== undefined);
}

/** A host with all its workers, as far as there is one among these. */
function wholeSplit(members: readonly Member[], model: ModelRef): Member[] | undefined {
  const host = elect(
    holdersOf(members, model).filter((member) => {
      const workers = workersOf(member, model);
      return workers.length > 0 &&
        workers.every((peer) => members.some((one) => one.peer === peer));
    }),
    "all",
  );
  if (host === undefined) return undefined;
  const peers = new Set([host.peer, ...workersOf(host, model)]);
  return members.filter(({ peer }) => peers.has(peer));
}

function workersOf(member: Member, model: ModelRef): PeerId[] {
  const instance = instanceOf(member, model);
  return instance?.mode === "split" ? instance.workers.map(({ peer }) => peer) : [];
}

function obey(host: Member, self: PeerId, model: ModelRef): Plan {
  const instance = instanceOf(host, model);
  return instance?.workers.some((worker) => worker.peer === self)
    ? { kind: "worker", model, host: host.peer, term: instance.term }
    : { kind: "follow", model, host: host.peer };
}

function hostPlan(
  view: View,
  pool: readonly Member[],
  model: ModelRef,
  needBytes: number,
): Plan {
  const { self, rttsMs } = view;
  const force = pool.some((member) => member.split);
  const candidates = pool.filter((member) => canWorkFor(self, member));
  const kept = force ? null : keep(model, self, candidates);
  if (kept !== null) return kept;
  const placement = place<PeerId>({
    needBytes,
    host: memberPools(self),
    candidates: candidates.map((member) => ({
      peer: member.peer,
      ...memberPools(member),
      rttMs: rttsMs.get(member.peer),
    })),
    force,
    rttLimitMs: SPLIT_RTT_LIMIT_MS,
    tensorSplit: proportionsOf(pool, self.peer)?.numbers ?? null,
  });
  switch (placement.kind) {
    case "solo":
      return { kind: "solo", model, needBytes };
    case "waiting":
      return { kind: "waiting", model, needBytes, haveBytes: placement.haveBytes };
    case "split": {
      const { hostShare, workers, haveBytes } = placement;
      const wanted = { kind: "host", model, hostShare, workers, needBytes, haveBytes } as const;
      const running = runningAs(wanted, self);
      return running === undefined ? wanted : assignment(running, wanted);
    }
  }
}

type HostPlan = Extract<Plan, { kind: "host" }>;

/** This node's instance that has these workers with these shares already. Round trips give their order, and drift. */
function runningAs(plan: HostPlan, self: Member): Instance | undefined {
  const current = workersOf(self, plan.model);
  const instance = instanceOf(self, plan.model);
  const isSame = instance !== undefined && current.length === plan.workers.length &&
    plan.workers.every(({ peer }) => current.includes(peer)) && sameShares(instance, plan);
  return isSame ? instance : undefined;
}

/** A host's announced assignment stays to the letter: another order or share is another load. */
function assignment({ hostShare, workers }: Instance, plan: HostPlan): HostPlan {
  return { ...plan, hostShare, workers };
}

/** A split for want of memory that still has all its workers stays as it is, even if other nodes have come. */
function keep(
  model: ModelRef,
  self: Member,
  candidates: readonly Member[],
): Plan | null {
  const current = instanceOf(self, model);
  const workers = workersOf(self, model);
  if (current === undefined || workers.length === 0) return null;
  const lenders = candidates.filter(({ peer }) => workers.includes(peer));
  if (lenders.length < workers.length || !isNeeded(model, self, lenders)) return null;
  const { hostShare, needBytes, haveBytes } = current;
  return { kind: "host", model, hostShare, workers: current.workers, needBytes, haveBytes };
}

/** Alone this node could not do as well. */
function isNeeded(model: ModelRef, self: Member, lenders: readonly Member[]): boolean {
  const need = fileOf(self, model)?.needBytes ?? 0;
  if (bytesOf(self, "gpu") >= need) return false;
  const onGpus = [self, ...lenders].reduce((sum, member) => sum + bytesOf(member, "gpu"), 0);
  return bytesOf(self, "all") < need || onGpus >= need;
}
