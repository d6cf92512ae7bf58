/** A mesh in which everybody sees everything at once, played until nobody changes what it does. */

import type { Instance, ModelRef, PeerId } from "../../../src/mesh/mod.ts";
import type { Downloadable } from "../../../src/node/plan/assignment/assignments.ts";
import { decide } from "../../../src/node/plan/decide.ts";
import { type Plan, planKey } from "../../../src/node/plan/plan.ts";
import type { Member } from "../../../src/node/plan/view.ts";
import { machine } from "../../mesh/content.ts";
import { planOf, view } from "../members.ts";

export function model(name: string): ModelRef {
  const code = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);
  return { name, fingerprint: (code % 2 ** 40).toString(16).padStart(64, "0") };
}

export interface FleetNode {
  readonly name: string;
  readonly memory: number;
  /** The part of it that is on a GPU. @default {0} */
  readonly gpu?: number;
  /** The models on its disk, and the memory that each takes. */
  readonly disk?: Readonly<Record<string, number>>;
  /** `--model`: the first is served here. */
  readonly models?: readonly string[];
  readonly refuses?: readonly string[];
  /** The model that it fails to serve. */
  readonly fails?: string;
  readonly downloadBytes?: number;
  /** It has served this before the play begins. */
  readonly serves?: string;
  readonly demand?: Readonly<Record<string, number>>;
}

export function memberOf(node: FleetNode): Member {
  const { name, memory, gpu = 0, disk = {}, models = [], serves } = node;
  const device = { totalBytes: memory, usedBytes: 0, kind: null };
  const devices = [
    ...(gpu === 0 ? [] : [{ ...device, name: "CUDA0", offeredBytes: gpu }]),
    { ...device, name: "CPU", offeredBytes: memory - gpu },
  ];
  const member: Member = {
    peer: name as PeerId,
    rttsMs: {},
    memoryBytes: memory,
    models: Object.entries(disk).map(([name, needBytes]) => ({
      ...model(name),
      sizeBytes: 1,
      needBytes,
    })),
    wanted: models,
    targets: models.slice(0, 1).map(model),
    split: false,
    tensorSplit: null,
    assignable: models[0] === undefined,
    claims: [],
    refuses: node.refuses ?? [],
    dropped: [],
    failures: node.fails === undefined ? [] : [{ model: node.fails, reason: "it ended" }],
    downloadBytes: node.downloadBytes ?? 0,
    demand: node.demand ?? {},
    instances: [],
    obeys: [],
    reservations: [],
    machine: machine({ name, devices, engine: { build: "1", rpcProtocol: "8.0.0", origin: null } }),
  };
  return serves === undefined
    ? member
    : does(member, { kind: "solo", model: model(serves), needBytes: disk[serves] ?? 0 }, 1);
}

/** The member once it does what it has planned. */
function does(member: Member, plan: Plan, term: number): Member {
  const targets = plan.kind === "standby" || plan.kind === "download" ? [] : [plan.model];
  return { ...member, targets, instances: instancesOf(plan, term), obeys: obeysOf(plan) };
}

function instancesOf(plan: Plan, term: number): Instance[] {
  if (plan.kind !== "solo" && plan.kind !== "host" && plan.kind !== "waiting") return [];
  const { needBytes } = plan;
  const split = plan.kind === "host" ? plan : { hostShare: 1, workers: [] };
  return [{
    model: plan.model,
    sizeBytes: 1,
    mode: plan.kind === "solo" ? "solo" : "split",
    state: plan.kind === "waiting" ? "waiting" : "warm",
    term,
    hostShare: split.hostShare,
    workers: split.workers,
    needBytes,
    haveBytes: plan.kind === "solo" ? needBytes : plan.haveBytes,
    contextLength: 1,
  }];
}

function obeysOf(plan: Plan) {
  return plan.kind === "worker" ? [{ host: plan.host, term: plan.term, ready: true }] : [];
}

export interface Played {
  readonly members: readonly Member[];
  readonly plans: ReadonlyMap<string, Plan>;
  /** Models that nodes took, in order, such as `c takes x`. */
  readonly moves: readonly string[];
  /** Rounds until nothing changed; `undefined` where it never came to rest. */
  readonly rounds: number | undefined;
}

const ROUNDS_MAX = 40;

export interface PlayOptions {
  readonly catalog?: readonly Downloadable[];
  /** Nodes whose download has ended get the file. */
  readonly downloads?: boolean;
  /** All that can act in a round do; else one after the other. */
  readonly together?: boolean;
  /** Those who took a hot model have served it long enough. */
  readonly mayCool?: boolean;
}

export function play(
  start: readonly Member[],
  { catalog = [], downloads = true, together = true, mayCool = true }: PlayOptions = {},
): Played {
  let members = [...start];
  const moves: string[] = [];
  const plans = new Map<string, Plan>();
  const rested = new Map(start.map(({ peer }) => [peer, new Set<string>()]));
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    let changed = false;
    const seen = [...members];
    for (const [index, self] of seen.entries()) {
      const now = together ? seen : members;
      const decision = decide(view(self, now.filter((other) => other !== self)), {
        pinned: self.assignable ? [] : self.targets,
        catalog,
        mayCool: () => mayCool,
        rested: rested.get(self.peer) ?? new Set(),
      });
      const plan = planOf(decision);
      const claim = decision.works[0]?.claim ?? null;
      for (const { name } of decision.cooled) rested.get(self.peer)?.add(name);
      // A claim is announced for a round before it is acted upon.
      const isHeard = claim === null || claim.model === self.claims[0]?.model;
      const before = plans.get(self.peer);
      if (isHeard && before !== undefined && planKey(before) === planKey(plan)) continue;
      changed = true;
      const acted = isHeard ? does(self, plan, round) : self;
      members = members.with(index, { ...acted, claims: claim === null ? [] : [claim] });
      if (!isHeard) continue;
      plans.set(self.peer, plan);
      const name = plan.kind === "standby"
        ? null
        : plan.kind === "download"
        ? plan.name
        : plan.model.name;
      moves.push(`${self.peer} ${plan.kind} ${name}`);
      if (plan.kind !== "download" || !downloads) continue;
      const needBytes = catalog.find((one) => one.name === plan.name)?.needBytes ?? 0;
      const file = { ...model(plan.name), sizeBytes: 1, needBytes };
      members = members.with(index, {
        ...acted,
        claims: claim === null ? [] : [claim],
        models: [...self.models, file],
      });
    }
    if (!changed) return { members, plans, moves, rounds: round };
  }
  return { members, plans, moves, rounds: undefined };
}

/** The plans in words: `x alone`, `x host`, `x worker`, `x waits`, `x downloads`, `-`. */
export function wordsOf(plan: Plan): string {
  switch (plan.kind) {
    case "standby":
      return "-";
    case "solo":
      return `${plan.model.name} alone`;
    case "host":
      return `${plan.model.name} host`;
    case "worker":
      return `${plan.model.name} worker`;
    case "waiting":
      return `${plan.model.name} waits`;
    case "follow":
      return `${plan.model.name} follows`;
    case "download":
      return `${plan.name} downloads`;
  }
}
