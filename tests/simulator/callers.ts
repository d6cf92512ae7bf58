/** Callers who ask for models that need the same memory, while machines come and go. */

import { LOAD_LEASE_MS } from "../../src/api/base/defaults.ts";
import { TURN_CHECK_MS, TURN_MS } from "../../src/node/plan/defaults.ts";
import { CHURN, churn, nothingFlaps, remembered, tell, toldIsServed } from "./fleets.ts";
import { EVERYTHING } from "./invariants.ts";
import type { Random } from "./random.ts";
import { DETECTION_MS, REST_MS } from "./run.ts";
import type { Fault, Invariant, NodeSetup, Scenario, SimModel } from "./scenario.ts";
import { Callers } from "./sim_callers.ts";
import type { SimNode } from "./sim_node.ts";
import { sizeNeeded } from "./sim_serving.ts";
import type { World } from "./world.ts";

const GB = 1e9;

const MODELS = { least: 2, most: 5 } as const;

/** Of one conversation. */
const MOST_CALLS = 12;

/** Of single answers. */
const SHORT_MS = 1_500;
const LONG_MS = 25_000;

/** A process holds its memory for so long after it was told to end. */
const END_MS = 3_000;

/** A load, and all news and plans on the way to it. */
const LOAD_MS = 1_500;
const NEWS_MS = 4_000;

/** From when a model has had its memory long enough to when the next one answers. */
const SWAP_MS = TURN_CHECK_MS + LONG_MS + END_MS + LOAD_MS + NEWS_MS;

/** Everybody's turn comes once, also that of the one which answers when somebody asks. */
const LIMIT_MS = MODELS.most * (TURN_MS + SWAP_MS);

const all = new WeakMap<World, Callers>();

function callersOf(world: World): Callers {
  const known = all.get(world);
  if (known !== undefined) return known;
  const { nodes } = world.setup;
  const callers = new Callers(world, {
    limitMs: (model) => fitsSomewhere(model, world) ? LIMIT_MS : null,
    meant: new Set(nodes.flatMap(wantedBy)),
    detectionMs: DETECTION_MS,
  });
  all.set(world, callers);
  return callers;
}

/** A machine has it and room for it beside what any user insists on, or all together do. */
function fitsSomewhere(name: string, world: World): boolean {
  const { living } = world;
  const holders = living.filter(({ disk }) => disk.some((one) => one.name === name));
  const [holder] = holders;
  const model = holder?.disk.find((one) => one.name === name);
  if (model === undefined) return false;
  const needBytes = sizeNeeded(model);
  if (holders.some((node) => needBytes <= roomOf(node, name, world))) return true;
  return needBytes <= living.reduce((sum, one) => sum + roomOf(one, name, world), 0);
}

/** Beside what any user insists on. */
function roomOf({ setup }: SimNode, name: string, { setup: { nodes } }: World): number {
  const meant = new Set([setup, ...nodes].flatMap(wantedBy));
  const models = new Map(nodes.flatMap(({ models }) => models.map((one) => [one.name, one])));
  const bytes = [...models.values()].filter((one) => meant.has(one.name) && one.name !== name)
    .reduce((sum, one) => sum + sizeNeeded(one), 0);
  return Math.max(0, setup.memoryBytes - bytes);
}

function wantedBy({ told, wanted }: NodeSetup): readonly string[] {
  return wanted ?? (told === null ? [] : [told.name]);
}

const everybodyIsAnswered: Invariant = {
  name: "everybody who asks for a model that fits is answered",
  when: "plan",
  check: (world) => {
    const { asked } = callersOf(world);
    return asked.size === 0 ? undefined : `${[...asked]} are waited for: ${tell(world.living)}`;
  },
};

/** Somebody may still be waiting for a model that fits nowhere for a while: so long after that it is looked at. */
function unasked(invariant: Invariant, quietMs: number): Invariant {
  return {
    ...invariant,
    check: (world) =>
      world.time.now - callersOf(world).lastAskedMs < quietMs ? undefined : invariant.check(world),
  };
}

function disturbing(fault: Fault): Fault {
  return {
    ...fault,
    apply: (world) => {
      callersOf(world).disturbed();
      fault.apply(world);
    },
  };
}

function answerMs(random: Random): number {
  return random.chance(0.15) ? random.between(SHORT_MS, LONG_MS) : random.between(50, SHORT_MS);
}

/** Somebody who asks again when the answer is there, for one model or another. */
function conversation(random: Random, models: readonly SimModel[], size: number): Fault {
  const at = random.int(size);
  const few = random.sample(models, 1 + random.int(3));
  const calls = Array.from({ length: 1 + random.int(MOST_CALLS) }, () => ({
    at,
    model: random.pick(few).name,
    answerMs: answerMs(random),
    patienceMs: random.chance(0.2) ? random.between(0, 2 * LOAD_LEASE_MS) : Infinity,
  }));
  const names = few.map(({ name }) => name);
  return {
    atMs: random.between(CHURN.fromMs, CHURN.toMs),
    name: `somebody asks node ${at} ${calls.length} times for ${names.join(" and ")}`,
    apply: (world) => {
      const next = () => {
        const call = calls.pop();
        if (call !== undefined) callersOf(world).ask(call, next);
      };
      next();
    },
  };
}

function node(random: Random, index: number): Omit<NodeSetup, "memoryBytes" | "models" | "told"> {
  return {
    split: false,
    endMs: random.between(0, END_MS),
    skewMs: random.between(-300_000, 300_000),
    startsAtMs: index === 0 ? 0 : random.between(100, 1_000),
    token: index === 0 ? [] : [random.int(index)],
  };
}

/** Any machines, some with models of their users, and callers of all models. */
export const callers: Scenario = {
  name: "callers",
  invariants: [...EVERYTHING, toldIsServed, everybodyIsAnswered, remembered, nothingFlaps],
  planMs: MOST_CALLS * (LIMIT_MS + LONG_MS),
  setup: (random, size) => {
    const count = MODELS.least + random.int(1 + MODELS.most - MODELS.least);
    const models = Array.from({ length: count }, (_, index): SimModel => ({
      name: `model-${index}`,
      fingerprint: `${index}`.padStart(64, "0"),
      sizeBytes: Math.round(random.between(3, 9) * GB),
    }));
    const leastBytes = Math.max(...models.map(sizeNeeded));
    const nodes = Array.from({ length: size }, (_, index): NodeSetup => {
      const told = random.chance(0.25) ? random.pick(models) : null;
      const held = models.filter((one) => one === told || random.chance(size === 1 ? 1 : 0.6));
      const times = random.pick([1.01, 1.3, 2, 3]);
      return {
        ...node(random, index),
        memoryBytes: Math.round(leastBytes * times) + (told === null ? 0 : sizeNeeded(told)),
        models: held,
        told,
      };
    });
    const churns = size === 1 ? 0 : random.int(3);
    const faults = [
      ...Array.from({ length: churns }, () => churn(random, size)).flat().map(disturbing),
      ...Array.from({ length: 1 + random.int(12) }, () => conversation(random, models, size)),
    ];
    const quietAtMs = Math.max(CHURN.toMs, ...faults.map(({ atMs }) => atMs));
    return { nodes, faults, joinedAtMs: CHURN.fromMs, quietAtMs };
  },
};

/** Machines of which none holds the largest models alone, and callers of these and of small ones. */
export const sharing: Scenario = {
  ...callers,
  name: "sharing",
  invariants: [
    ...EVERYTHING.map((one) => one.when === "plan" ? unasked(one, DETECTION_MS) : one),
    toldIsServed,
    everybodyIsAnswered,
    remembered,
    unasked(nothingFlaps, REST_MS),
  ],
  setup: (random, size) => {
    const smallBytes = random.between(3, 9) * GB;
    const memories = Array.from({ length: size }, () => smallBytes * random.between(1.3, 2.5));
    const allBytes = memories.reduce((sum, bytes) => sum + bytes, 0);
    const mostBytes = Math.max(...memories);
    const count = MODELS.least + random.int(1 + MODELS.most - MODELS.least);
    const models = Array.from({ length: count }, (_, index): SimModel => ({
      name: `model-${index}`,
      fingerprint: `${index}`.padStart(64, "0"),
      sizeBytes: Math.round(
        index === 0 || random.chance(0.3)
          ? mostBytes + (allBytes - mostBytes) * random.between(0.05, 0.7)
          : smallBytes * random.between(0.4, 0.9),
      ),
    }));
    const small = models.filter(({ sizeBytes }) => sizeBytes < smallBytes);
    const nodes = memories.map((memoryBytes, index): NodeSetup => {
      const told = random.chance(0.25) ? random.pick([null, ...small]) : null;
      return {
        ...node(random, index),
        memoryBytes: Math.round(memoryBytes) + (told === null ? 0 : sizeNeeded(told)),
        models: models.filter((one) => one === told || index === 0 || random.chance(0.7)),
        told,
      };
    });
    const churns = random.int(3);
    const faults = [
      ...Array.from({ length: churns }, () => churn(random, size)).flat().map(disturbing),
      ...Array.from({ length: 1 + random.int(8) }, () => conversation(random, models, size)),
    ];
    const quietAtMs = Math.max(CHURN.toMs, ...faults.map(({ atMs }) => atMs));
    return { nodes, faults, joinedAtMs: CHURN.fromMs, quietAtMs };
  },
};
