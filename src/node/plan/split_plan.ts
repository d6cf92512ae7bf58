/** How a group of nodes serves its model: each alone, or some of them together. Pure. */

import type { Instance, ModelRef, PeerId } from "../../mesh/mod.ts";
import { type MemoryUse, place } from "../../models/mod.ts";
import { SPLIT_RTT_LIMIT_MS } from "./defaults.ts";
import type { Plan } from "./plan.ts";
import { elect } from "./elect.ts";
import { freeFor, type FreeMemory } from "./ledger.ts";
import { hasRoom } from "./own_room.ts";
import { bytesOf } from "./pools.ts";
import { proportionsOf, sameShares } from "./proportions.ts";
import {
  belongsTo,
  canWorkFor,
  everyone,
  fileOf,
  groupOf,
  instanceOf,
  isAbout,
  isNear,
  type Member,
  needOf,
  type View,
} from "./view.ts";

/** The work of this node for the model whose group it is in. */
export function splitPlan(view: View, model: ModelRef): Plan {
  const { self } = view;
  const ends = endingPlan(view, model);
  if (ends !== undefined) return ends;
  const group: Group = { model, free: freeFor(model, everyone(view)) };
  const { pool, memory } = splitPool(groupOf(view, model), group);
  const needBytes = fileOf(self, model)?.needBytes ?? needOf(everyone(view), model);
  if (!pool.some((member) => member.peer === self.peer)) {
    return { kind: "solo", model, needBytes };
  }
  const host = hostOf(pool, memory, group);
  if (host === undefined) return { kind: "waiting", model, needBytes, haveBytes: 0 };
  if (host.peer !== self.peer) return obey(host, view, model);
  return hostPlan(view, pool, needBytes, group);
}

/** The host of a split that is over gives its last answers, for which it needs its workers. */
function endingPlan({ self, others }: View, model: ModelRef): Plan | undefined {
  for (const { host, term } of self.obeys.filter((answer) => isAbout(answer, model))) {
    const member = others.find(({ peer }) => peer === host);
    if (member === undefined || belongsTo(member, model)) continue;
    const instance = instanceOf(member, model);
    const isIn = instance?.term === term && instance.workers.some(({ peer }) => peer === self.peer);
    if (isIn) return { kind: "worker", model, host, term };
  }
  return undefined;
}

/** The model that it is about, and the memory that it may count on. */
interface Group {
  readonly model: ModelRef;
  readonly free: FreeMemory;
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
function splitPool(members: readonly Member[], group: Group): SplitPool {
  if (members.some((member) => member.split)) return { pool: members, memory: "all" };
  const rest = members.filter((member) => !holds(member, "gpu", group));
  const small = rest.filter((member) => !holds(member, "all", group));
  const whole = wholeSplit(rest, group);
  const joining = rest.filter((member) =>
    mayJoin(member, group) && (whole?.members.includes(member) ?? true)
  );
  const pool = rest.filter((member) => small.includes(member) || joining.includes(member));
  return gpusDo(whole?.members ?? pool, group)
    ? { pool, memory: "gpu" }
    : { pool: small, memory: "all" };
}

function holds(member: Member, memory: MemoryUse, { model, free }: Group): boolean {
  return free.bytes(member, memory) >= (fileOf(member, model)?.needBytes ?? Infinity);
}

/** A machine with a GPU that could also serve it with its main memory joins others, but not while it is asked for. */
function mayJoin(member: Member, { model, free }: Group): boolean {
  const isAsked = instanceOf(member, model)?.mode === "solo" &&
    (member.demand[model.name] ?? 0) > 0;
  return free.bytes(member, "gpu") > 0 && !isAsked;
}

/** Whether the GPUs of those near enough to the host hold the model, and not its own alone. */
function gpusDo(pool: readonly Member[], { model, free }: Group): boolean {
  const host = electHostOf(holdersOf(pool, model), "gpu", free);
  if (host === undefined) return false;
  const team = pool.filter((member) => member === host || isNear(host, member));
  const haveBytes = team.reduce((sum, member) => sum + free.bytes(member, "gpu"), 0);
  return team.length > 1 && haveBytes >= needOf(pool, model);
}

/**
 * While a split for want of memory is whole, only its own members may be elected: a newcomer that it does not need changes
 * nothing, however much memory it has. Nor does memory that others take or give back beside a split: its host stays, and
 * one that is forced is elected by what is offered.
 */
function hostOf(pool: readonly Member[], memory: MemoryUse, group: Group): Member | undefined {
  const { model, free } = group;
  if (pool.some((member) => member.split)) {
    return elect(holdersOf(pool, model), memory, bytesOf);
  }
  const whole = wholeSplit(pool, group);
  if (whole === undefined) return electHostOf(holdersOf(pool, model), memory, free);
  const candidates = candidatesOf(holdersOf(whole.members, model), memory);
  return candidates.includes(whole.host) ? whole.host : elect(candidates, memory, free.bytes);
}

function electHostOf(
  holders: readonly Member[],
  memory: MemoryUse,
  { bytes }: FreeMemory,
): Member | undefined {
  return elect(candidatesOf(holders, memory), memory, bytes);
}

/** GPUs that others lend go to the machine of somebody who wants the model: it stays when they are called elsewhere. */
function candidatesOf(holders: readonly Member[], memory: MemoryUse): readonly Member[] {
  const told = holders.filter(({ assignable }) => !assignable);
  return memory === "gpu" && told.length > 0 ? told : holders;
}

function holdersOf(members: readonly Member[], model: ModelRef): Member[] {
  return members.filter((member) => fileOf(member, model) !== undefined);
}

interface WholeSplit {
  readonly host: Member;
  /** The host with all its workers. */
  readonly members: readonly Member[];
}

/**
 * Of two hosts that found each other all see the same one, whatever else they plan with their memory: the one that answers,
 * then the one that offers more. By what is free, which each counts by the order of its own plans, both could think that
 * they are the host, and wait for the same workers.
 */
function wholeSplit(members: readonly Member[], { model }: Group): WholeSplit | undefined {
  const hosts = holdersOf(members, model).filter((member) => {
    const workers = workersOf(member, model);
    return workers.length > 0 &&
      workers.every((peer) => members.some((one) => one.peer === peer));
  });
  const answering = hosts.filter((member) => instanceOf(member, model)?.state === "warm");
  const host = elect(answering.length > 0 ? answering : hosts, "all", bytesOf);
  if (host === undefined) return undefined;
  const peers = new Set([host.peer, ...workersOf(host, model)]);
  return { host, members: members.filter(({ peer }) => peers.has(peer)) };
}

function workersOf(member: Member, model: ModelRef): PeerId[] {
  const instance = instanceOf(member, model);
  return instance?.mode === "split" ? instance.workers.map(({ peer }) => peer) : [];
}

/**
 * A machine whose memory is not free any more obeys nobody, and its host, which sees that too, plans without it. One that
 * waits with the model goes on to say so until its host does: a helper that was called to it would leave, and be called
 * again.
 */
function obey(host: Member, view: View, model: ModelRef): Plan {
  const instance = instanceOf(host, model);
  const own = instanceOf(view.self, model);
  if (instance === undefined && own?.state === "waiting") {
    return { kind: "waiting", model, needBytes: own.needBytes, haveBytes: own.haveBytes };
  }
  const isCounted = instance?.workers.some((worker) => worker.peer === view.self.peer) ?? false;
  if (instance === undefined || !isCounted) return { kind: "follow", model, host: host.peer };
  const plan: Plan = { kind: "worker", model, host: host.peer, term: instance.term };
  return hasRoom(view, plan) ? plan : { kind: "follow", model, host: host.peer };
}

function hostPlan(
  view: View,
  pool: readonly Member[],
  needBytes: number,
  { model, free }: Group,
): Plan {
  const { self, rttsMs } = view;
  const force = pool.some((member) => member.split);
  const candidates = pool.filter((member) => canWorkFor(self, member));
  const kept = force ? null : keep(self, candidates, needBytes, { model, free });
  if (kept !== null) return kept;
  const input = {
    needBytes,
    host: free.pools(self),
    candidates: candidates.map((member) => ({
      peer: member.peer,
      ...free.pools(member),
      rttMs: rttsMs.get(member.peer),
    })),
    force,
    rttLimitMs: SPLIT_RTT_LIMIT_MS,
  };
  const told = proportionsOf(pool, self.peer)?.numbers ?? null;
  const asTold = place<PeerId>({ ...input, tensorSplit: told });
  const isHeld = told === null || asTold.kind !== "split" ||
    haveRoom([self, ...candidates], { ...asTold, needBytes }, needBytes, free);
  const placement = isHeld ? asTold : place<PeerId>({ ...input, tensorSplit: null });
  switch (placement.kind) {
    case "solo":
      return { kind: "solo", model, needBytes };
    case "waiting":
      return { kind: "waiting", model, needBytes, haveBytes: placement.haveBytes };
    case "split": {
      const { hostShare, workers, haveBytes } = placement;
      const wanted = { kind: "host", model, hostShare, workers, needBytes, haveBytes } as const;
      const running = runningAs(wanted, self);
      if (running === undefined) return wanted;
      const stays = sameShares(running, wanted) ||
        (told === null && haveRoom([self, ...candidates], running, needBytes, free));
      return stays ? assignment(running, wanted) : wanted;
    }
  }
}

type HostPlan = Extract<Plan, { kind: "host" }>;

/** This node's instance that has these workers already. Round trips give their order, and drift. */
function runningAs(plan: HostPlan, self: Member): Instance | undefined {
  const current = workersOf(self, plan.model);
  const instance = instanceOf(self, plan.model);
  const isSame = current.length === plan.workers.length &&
    plan.workers.every(({ peer }) => current.includes(peer));
  return isSame ? instance : undefined;
}

/** A host's announced assignment stays to the letter, as long as its memory is there: another order or share is another load. */
function assignment({ hostShare, workers }: Instance, plan: HostPlan): HostPlan {
  return { ...plan, hostShare, workers };
}

/**
 * A split for want of memory that still has all its workers near stays as it is, even if other nodes have come, or come
 * nearer. A worker whose path has become too slow, by more than the hysteresis of its round trip, is none any more.
 */
function keep(
  self: Member,
  candidates: readonly Member[],
  needBytes: number,
  { model, free }: Group,
): Plan | null {
  const current = instanceOf(self, model);
  const workers = workersOf(self, model);
  if (current === undefined || workers.length === 0) return null;
  const lenders = candidates.filter((member) =>
    workers.includes(member.peer) && isNear(self, member)
  );
  const isWhole = lenders.length === workers.length &&
    haveRoom([self, ...lenders], current, needBytes, free);
  if (!isWhole || !isNeeded(self, lenders, { model, free })) return null;
  const { hostShare } = current;
  const haveBytes = Math.max(needBytes, current.haveBytes);
  return { kind: "host", model, hostShare, workers: current.workers, needBytes, haveBytes };
}

/**
 * Each machine has room for its share beside all that comes before it. A model that is to have more than it was loaded with
 * is loaded anew in any case: then no share goes beyond what its machine offers.
 */
function haveRoom(
  [self, ...others]: readonly [Member, ...Member[]],
  running: Pick<Instance, "hostShare" | "workers" | "needBytes">,
  needBytes: number,
  free: FreeMemory,
): boolean {
  const shares = new Map(running.workers.map(({ peer, share }) => [peer, share]));
  const holds = (member: Member, share: number) => {
    const bytes = needBytes * share;
    return needBytes > running.needBytes
      ? Math.floor(bytes) <= free.bytes(member, "all")
      : free.takes(member, bytes);
  };
  return holds(self, running.hostShare) &&
    others.every((member) => holds(member, shares.get(member.peer) ?? 0));
}

/** Alone this node could not do as well. */
function isNeeded(self: Member, lenders: readonly Member[], { model, free }: Group): boolean {
  const need = fileOf(self, model)?.needBytes ?? 0;
  if (free.bytes(self, "gpu") >= need) return false;
  const onGpus = [self, ...lenders].reduce((sum, member) => sum + free.bytes(member, "gpu"), 0);
  return free.bytes(self, "all") < need || onGpus >= need;
}
