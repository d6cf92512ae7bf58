/** A mesh in which everybody sees everything at once, played until nobody changes what it does. */

import type { Instance, ModelRef, PeerId } from "../../../src/mesh/mod.ts";
import type { Downloadable } from "../../../src/node/plan/assignment/assignments.ts";
import { decide } from "../../../src/node/plan/decide.ts";
import { laidOut, ownBytes } from "../../../src/node/plan/own_room.ts";
import { named, without } from "../../../src/node/plan/packing.ts";
import { modelNameOf, type Plan, planKey } from "../../../src/node/plan/plan.ts";
import type { Offer } from "../../../src/node/plan/pools.ts";
import { instanceOf, type Member, type View } from "../../../src/node/plan/view.ts";
import { machine } from "../../mesh/content.ts";
import { view } from "../members.ts";

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
  /** `--model`: all are wanted, and the first is served here. */
  readonly models?: readonly string[];
  /** Of these, those that are served here. */
  readonly pins?: readonly string[];
  readonly refuses?: readonly string[];
  /** The model that it fails to serve. */
  readonly fails?: string;
  readonly downloadBytes?: number;
  /** It has served this before the play begins. */
  readonly serves?: string | readonly string[];
  readonly demand?: Readonly<Record<string, number>>;
  /** `--split`. @default {false} */
  readonly split?: boolean;
  /** It is of an earlier version, which does one thing at a time. */
  readonly isOld?: boolean;
}

export function memberOf(node: FleetNode): Member {
  const { name, memory, gpu = 0, disk = {}, models = [], serves = [] } = node;
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
    targets: (node.pins ?? models.slice(0, 1)).map(model),
    split: node.split ?? false,
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
  const plans = [serves].flat().map((name): Plan => (
    { kind: "solo", model: model(name), needBytes: disk[name] ?? 0 }
  ));
  if (plans.length === 0) return member;
  const { targets, reservations, ...serving } = does(member, plans, view(member, []), 1);
  return {
    ...serving,
    reservations: node.isOld ? [] : reservations,
    targets: member.assignable ? targets : member.targets,
  };
}

/** The member once it does what it has planned. */
function does(
  member: Member,
  plans: readonly Plan[],
  view: View,
  term: number,
  takenPart: TakenPart = () => 1,
): Member {
  return {
    ...member,
    targets: targetsOf(plans),
    instances: plans.flatMap((plan) => instancesOf(plan, member, term)),
    obeys: plans.flatMap(obeysOf),
    reservations: heldBy(member, plans, view).map(({ model, devices }) => ({
      model,
      devices: devices.map(({ name, bytes }) => ({
        name,
        bytes: Math.ceil(bytes * takenPart(member.peer, model)),
      })),
    })),
  };
}

/** How much of what is planned a model really takes of a node. */
export type TakenPart = (peer: PeerId, model: ModelRef) => number;

function targetsOf(plans: readonly Plan[]): ModelRef[] {
  return plans.flatMap((plan) => "model" in plan ? [plan.model] : []);
}

/** Each has the memory that those before it have left. */
function heldBy(member: Member, plans: readonly Plan[], view: View): Member["reservations"] {
  let left: readonly Offer[] = member.machine.devices;
  return plans.flatMap((plan) => {
    const bytes = ownBytes(view, plan);
    if (!("model" in plan) || (bytes === 0 && plan.kind !== "host")) return [];
    const devices = named(laidOut(bytes, plan.kind, left), left);
    left = without(left, devices);
    const told = [...devices].map(([name, bytes]) => ({ name, bytes }));
    return [{ model: plan.model, devices: told }];
  });
}

/** An instance that runs already goes on under its term. */
function instancesOf(plan: Plan, member: Member, term: number): Instance[] {
  if (plan.kind !== "solo" && plan.kind !== "host" && plan.kind !== "waiting") return [];
  const { needBytes, model } = plan;
  const split = plan.kind === "host" ? plan : { hostShare: 1, workers: [] };
  const next: Instance = {
    model,
    sizeBytes: 1,
    mode: plan.kind === "solo" ? "solo" : "split",
    state: plan.kind === "waiting" ? "waiting" : "warm",
    term,
    hostShare: split.hostShare,
    workers: split.workers,
    needBytes,
    haveBytes: plan.kind === "solo" ? needBytes : plan.haveBytes,
    contextLength: 1,
  };
  const before = instanceOf(member, model);
  const isSame = before !== undefined &&
    JSON.stringify({ ...before, term }) === JSON.stringify(next);
  return [isSame ? before : next];
}

function obeysOf(plan: Plan) {
  return plan.kind === "worker" ? [{ host: plan.host, term: plan.term, ready: true }] : [];
}

export interface Played {
  readonly members: readonly Member[];
  /** All that each does, in order of priority. */
  readonly plans: ReadonlyMap<string, readonly Plan[]>;
  /** The plans that nodes began, in order, such as `c solo x`. */
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
  /** So many rounds at most. */
  readonly rounds?: number;
  /** Nodes of an earlier version. */
  readonly old?: readonly string[];
  /** The work of each as it begins. */
  readonly plans?: Played["plans"];
  /** Models take other amounts of memory than were planned. */
  readonly takenPart?: TakenPart;
}

export function play(
  start: readonly Member[],
  { catalog = [], downloads = true, together = true, mayCool = true, old = [], ...options }:
    PlayOptions = {},
): Played {
  let members = [...start];
  const moves: string[] = [];
  const plans = new Map(options.plans);
  const rested = new Map(start.map(({ peer }) => [peer, new Set<string>()]));
  const pinned = new Map(start.map((one) => [one.peer, pinnedBy(one)]));
  for (let round = 1; round <= (options.rounds ?? ROUNDS_MAX); round++) {
    let changed = false;
    const seen = [...members];
    for (const [index, before] of seen.entries()) {
      const now = together ? seen : members;
      const self = now[index] as Member;
      const seenBySelf = view(self, now.filter((other) => other !== self));
      const isOld = old.includes(self.peer);
      const { works: all, cooled } = decide(seenBySelf, {
        pinned: pinned.get(self.peer) ?? [],
        catalog,
        mayCool: () => mayCool,
        rested: rested.get(self.peer) ?? new Set(),
      });
      for (const { name } of cooled) rested.get(self.peer)?.add(name);
      const works = isOld ? all.slice(0, 1) : all;
      // A claim is announced for a round before anything is loaded for it.
      const heard = works.filter(({ plan, claim }) =>
        claim === null || self.claims.some(({ model }) => model === claim.model) ||
        (plan.kind !== "solo" && plan.kind !== "download")
      ).map(({ plan }) => plan);
      const done = plans.get(self.peer);
      const begun = heard.filter((plan) => !done?.some((one) => planKey(one) === planKey(plan)));
      const isDone = done !== undefined && begun.length === 0 && heard.length === done.length;
      const targets = targetsOf(works.map(({ plan }) => plan));
      const isSaid = targets.length === self.targets.length;
      if (isDone && isSaid && heard.length === works.length) continue;
      changed = true;
      const claims = works.flatMap(({ claim }) => claim ?? []);
      plans.set(self.peer, heard);
      moves.push(...begun.map((plan) => `${self.peer} ${plan.kind} ${modelNameOf(plan)}`));
      const fetched = downloads ? heard.flatMap((plan) => fetchedBy(plan, catalog)) : [];
      const acted = isDone ? before : does(before, heard, seenBySelf, round, options.takenPart);
      const models = [...before.models, ...fetched];
      const reservations = isOld ? [] : acted.reservations;
      members = members.with(index, { ...acted, targets, claims, models, reservations });
    }
    if (!changed) return { members, plans, moves, rounds: round };
  }
  return { members, plans, moves, rounds: undefined };
}

/** The models that its user named. */
function pinnedBy({ assignable, targets, claims }: Member): ModelRef[] {
  return assignable
    ? []
    : targets.filter(({ name }) => !claims.some(({ model }) => model === name));
}

function fetchedBy(plan: Plan, catalog: readonly Downloadable[]): Member["models"] {
  if (plan.kind !== "download") return [];
  const needBytes = catalog.find(({ name }) => name === plan.name)?.needBytes ?? 0;
  return [{ ...model(plan.name), sizeBytes: 1, needBytes }];
}

/** All that a node does in words, such as `x alone, y worker`; `-` for nothing. */
export function workOf(plans: readonly Plan[] = []): string {
  return plans.length === 0 ? "-" : plans.map(wordsOf).join(", ");
}

/** `x alone`, `x host`, `x worker`, `x waits`, `x downloads`. */
function wordsOf(plan: Plan): string {
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
