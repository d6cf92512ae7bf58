/** How a group of nodes serves its model: each alone, or some of them together. Pure. */

import { electHost, type Instance, type ModelRef, type PeerId } from "../../mesh/mod.ts";
import { place } from "../../models/mod.ts";
import { SPLIT_RTT_LIMIT_MS } from "./defaults.ts";
import type { Plan } from "./plan.ts";
import { proportionsOf, sameShares } from "./proportions.ts";
import {
  canWorkFor,
  everyone,
  fileOf,
  groupOf,
  instanceOf,
  type Member,
  needOf,
  type View,
} from "./view.ts";

/** The work of this node for the model whose group it is in. */
export function splitPlan(view: View, model: ModelRef): Plan {
  const { self } = view;
  const pool = splitPool(groupOf(view, model), model);
  const needBytes = fileOf(self, model)?.needBytes ?? needOf(everyone(view), model);
  if (!pool.some((member) => member.peer === self.peer)) {
    return { kind: "solo", model, needBytes };
  }
  const host = elect(electorate(pool, model));
  if (host === undefined) return { kind: "waiting", model, needBytes, haveBytes: 0 };
  if (host.peer !== self.peer) return obey(host, self.peer, model);
  return hostPlan(view, pool, model, needBytes);
}

/**
 * The members that run one instance together: all of the group once somebody forces a split, else
 * those that can't run it alone, each at its own context length.
 */
function splitPool(group: readonly Member[], model: ModelRef): Member[] {
  if (group.some((member) => member.split)) return [...group];
  return group.filter((member) => {
    const file = fileOf(member, model);
    return file === undefined || member.memoryBytes < file.needBytes;
  });
}

function elect(candidates: readonly Member[]): Member | undefined {
  const host = electHost(candidates);
  return candidates.find((member) => member.peer === host);
}

/**
 * The members that may be elected. While a split for want of memory is whole, only its own members: a newcomer that it
 * does not need changes nothing, however much memory it has.
 */
function electorate(pool: readonly Member[], model: ModelRef): Member[] {
  const forced = pool.some((member) => member.split);
  const holders = pool.filter((member) => fileOf(member, model) !== undefined);
  const incumbent = forced ? undefined : elect(
    holders.filter((member) => {
      const workers = workersOf(member, model);
      return workers.length > 0 && workers.every((peer) => pool.some((one) => one.peer === peer));
    }),
  );
  if (incumbent === undefined) return holders;
  const members = new Set([incumbent.peer, ...workersOf(incumbent, model)]);
  return holders.filter((member) => members.has(member.peer));
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
    host: { memoryBytes: self.memoryBytes },
    candidates: candidates.map(({ peer, memoryBytes }) => ({
      peer,
      memoryBytes,
      rttMs: rttsMs.get(peer),
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

/** A split for want of memory that still has all its workers stays as it is, whoever else has come. */
function keep(
  model: ModelRef,
  self: Member,
  candidates: readonly Member[],
): Plan | null {
  const current = instanceOf(self, model);
  const workers = workersOf(self, model);
  if (current === undefined || workers.length === 0) return null;
  const peers = new Set(candidates.map((member) => member.peer));
  const intact = workers.every((worker) => peers.has(worker)) &&
    self.memoryBytes < (fileOf(self, model)?.needBytes ?? 0);
  if (!intact) return null;
  const { hostShare, needBytes, haveBytes } = current;
  return { kind: "host", model, hostShare, workers: current.workers, needBytes, haveBytes };
}
