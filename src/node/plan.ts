import {
  type Claim,
  electHost,
  type Instance,
  type ModelRef,
  type PeerId,
  type WorkerShare,
} from "../mesh/mod.ts";
import { place } from "../models/mod.ts";
import { SPLIT_RTT_LIMIT_MS } from "./defaults.ts";
import { claimOf, reasonOf } from "./reasons.ts";
import { chooseTarget, modelOf, type Target, type TargetOptions } from "./target.ts";
import { canWorkFor, everyone, fileOf, type Member, needOf, sameModel, type View } from "./view.ts";

/** What this node should be doing. */
export type Plan =
  | { readonly kind: "standby" }
  | { readonly kind: "solo"; readonly model: ModelRef; readonly needBytes: number }
  | {
    readonly kind: "host";
    readonly model: ModelRef;
    readonly hostShare: number;
    readonly workers: readonly WorkerShare[];
    readonly needBytes: number;
    readonly haveBytes: number;
  }
  /** The elected host has assigned this node a share. */
  | {
    readonly kind: "worker";
    readonly model: ModelRef;
    readonly host: PeerId;
    readonly term: number;
  }
  /** A model of the catalog that nobody has, and that fits here. */
  | { readonly kind: "download"; readonly name: string }
  /** Part of a split whose host has not assigned it anything. */
  | { readonly kind: "follow"; readonly model: ModelRef; readonly host: PeerId }
  | {
    readonly kind: "waiting";
    readonly model: ModelRef;
    readonly needBytes: number;
    readonly haveBytes: number;
  };

export interface PlanOptions extends TargetOptions {
  /** Shares that the command line sets, host first. */
  readonly tensorSplit: readonly number[] | null;
}

export interface Decision {
  readonly plan: Plan;
  /** What it takes because the mesh needs it. */
  readonly claim: Claim | null;
  /** For people: why it does that. */
  readonly reason: string;
  /** It gives up a model that is no longer hot. */
  readonly cold: boolean;
}

/**
 * Decides what this node should be doing. Every node computes it alone; from the same view all
 * elect the same host, and only that host decides who works for it.
 */
export function decide(view: View, options: PlanOptions): Decision {
  const target = chooseTarget(view, options);
  return {
    plan: planFor(target, view, options),
    claim: claimOf(target, view.self),
    reason: reasonOf(target, view.self.claim),
    cold: target.kind === "none" && target.why === "cold",
  };
}

function planFor(target: Target, view: View, { tensorSplit }: PlanOptions): Plan {
  const model = modelOf(target);
  if (model === null) {
    return target.kind === "assigned"
      ? { kind: "download", name: target.assignment.name }
      : { kind: "standby" };
  }
  const seen = { ...view, self: { ...view.self, target: model } };
  const group = everyone(seen).filter((member) => sameModel(member.target, model));
  const pool = splitPool(group, model);
  const needBytes = fileOf(seen.self, model)?.needBytes ?? needOf(everyone(seen), model);
  if (!pool.some((member) => member.peer === view.self.peer)) {
    return { kind: "solo", model, needBytes };
  }
  const host = elect(electorate(pool, model));
  if (host === undefined) return { kind: "waiting", model, needBytes, haveBytes: 0 };
  if (host.peer !== view.self.peer) return obey(host, view.self.peer, model);
  return hostPlan(seen, pool, model, { needBytes, tensorSplit });
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
 * Who may be elected. While a split for want of memory is whole, only its own members: a newcomer
 * that it does not need changes nothing, however much memory it has.
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
  const { instance } = member;
  if (instance === null || instance.mode !== "split" || !sameModel(instance.model, model)) {
    return [];
  }
  return instance.workers.map((worker) => worker.peer);
}

function obey(host: Member, self: PeerId, model: ModelRef): Plan {
  const { instance } = host;
  const assigned = instance !== null && sameModel(instance.model, model) &&
    instance.workers.some((worker) => worker.peer === self);
  return assigned
    ? { kind: "worker", model, host: host.peer, term: instance.term }
    : { kind: "follow", model, host: host.peer };
}

interface Constraints {
  readonly needBytes: number;
  readonly tensorSplit: readonly number[] | null;
}

function hostPlan(
  view: View,
  pool: readonly Member[],
  model: ModelRef,
  { needBytes, tensorSplit }: Constraints,
): Plan {
  const force = pool.some((member) => member.split);
  const candidates = pool.filter((member) => canWorkFor(view.self, member));
  const kept = force ? null : keep(view.self.instance, model, view.self, candidates);
  if (kept !== null) return kept;
  const placement = place<PeerId>({
    needBytes,
    host: { memoryBytes: view.self.memoryBytes },
    candidates: candidates.map(({ peer, memoryBytes }) => ({
      peer,
      memoryBytes,
      rttMs: view.rttsMs.get(peer),
    })),
    force,
    rttLimitMs: SPLIT_RTT_LIMIT_MS,
    tensorSplit,
  });
  switch (placement.kind) {
    case "solo":
      return { kind: "solo", model, needBytes };
    case "waiting":
      return { kind: "waiting", model, needBytes, haveBytes: placement.haveBytes };
    case "split": {
      const { hostShare, workers, haveBytes } = placement;
      const wanted = { kind: "host", model, hostShare, workers, needBytes, haveBytes } as const;
      return sameWorkers(view.self, wanted) ? assignment(view.self.instance, wanted) : wanted;
    }
  }
}

type HostPlan = Extract<Plan, { kind: "host" }>;

/** Whether this node already hosts exactly these workers. Round trips give their order, and drift. */
function sameWorkers(self: Member, { model, workers }: HostPlan): boolean {
  const current = workersOf(self, model);
  return current.length === workers.length && workers.every(({ peer }) => current.includes(peer));
}

/** What a host has announced stays to the letter: another order or share is another load. */
function assignment(current: Instance | null, plan: HostPlan): HostPlan {
  if (current === null) return plan;
  const { hostShare, workers } = current;
  return { ...plan, hostShare, workers };
}

/** A split for want of memory that still has all its workers stays as it is, whoever else has come. */
function keep(
  current: Instance | null,
  model: ModelRef,
  self: Member,
  candidates: readonly Member[],
): Plan | null {
  const workers = workersOf(self, model);
  if (current === null || workers.length === 0) return null;
  const peers = new Set(candidates.map((member) => member.peer));
  const intact = workers.every((worker) => peers.has(worker)) &&
    self.memoryBytes < (fileOf(self, model)?.needBytes ?? 0);
  if (!intact) return null;
  const { hostShare, needBytes, haveBytes } = current;
  return { kind: "host", model, hostShare, workers: current.workers, needBytes, haveBytes };
}

/** The name of the model that a plan is about. */
export function modelNameOf(plan: Plan): string | null {
  if (plan.kind === "standby") return null;
  return plan.kind === "download" ? plan.name : plan.model.name;
}

/** Two plans with the same key want the same processes with the same arguments. */
export function planKey(plan: Plan): string {
  switch (plan.kind) {
    case "standby":
      return "standby";
    case "solo":
      return JSON.stringify(["solo", plan.model]);
    case "host":
      return JSON.stringify(["host", plan.model, plan.hostShare, plan.workers]);
    case "worker":
      return JSON.stringify(["worker", plan.model, plan.host, plan.term]);
    case "download":
      return JSON.stringify(["download", plan.name]);
    case "follow":
      return JSON.stringify(["follow", plan.model, plan.host]);
    case "waiting":
      return JSON.stringify(["waiting", plan.model, plan.needBytes, plan.haveBytes]);
  }
}
