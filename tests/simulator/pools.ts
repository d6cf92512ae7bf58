/** Machines with several GPUs beside their main memory, and several models in them at one time. */

import {
  CHURN,
  churn,
  nothingFlaps,
  remembered,
  rush,
  serversOf,
  tell,
  toldIsServed,
  wantedIsServed,
} from "./fleets.ts";
import { EVERYTHING } from "./invariants.ts";
import type { Random } from "./random.ts";
import type { Fault, Invariant, NodeSetup, Scenario, SimDevice, SimModel } from "./scenario.ts";
import { sizeNeeded } from "./sim_serving.ts";

const GB = 1e9;

/** Of the memory of cards. */
const GPU_GB = [4, 8, 12, 16, 24] as const;

/** A process holds its memory for so long after it was told to end, 3 s at most. */
const END_MS = 3_000;

function gpu(index: number, offeredBytes: number): SimDevice {
  return { name: `SIM${index}`, kind: "discrete", offeredBytes };
}

function mainMemory(offeredBytes: number): SimDevice {
  return { name: "CPU", kind: "cpu", offeredBytes };
}

function machineWith(devices: readonly SimDevice[]): Pick<NodeSetup, "devices" | "memoryBytes"> {
  const offered = devices.filter(({ offeredBytes }) => offeredBytes > 0);
  return {
    devices: offered,
    memoryBytes: offered.reduce((sum, { offeredBytes }) => sum + offeredBytes, 0),
  };
}

/** Up to three GPUs, and any main memory beside them. */
function anyMachine(random: Random): Pick<NodeSetup, "devices" | "memoryBytes"> {
  const gpus = Array.from(
    { length: random.int(4) },
    (_, index) => gpu(index, random.pick(GPU_GB) * GB),
  );
  const least = gpus.length === 0 ? 4 : 0;
  return machineWith([...gpus, mainMemory((least + random.int(20)) * GB)]);
}

/** The same memory, on one or two GPUs, or on one and in main memory. */
function machineOf(random: Random, bytes: number): Pick<NodeSetup, "devices" | "memoryBytes"> {
  const part = Math.round(bytes * random.between(0.3, 0.7));
  const rest = bytes - part;
  const devices = random.pick([
    [gpu(0, part), gpu(1, rest)],
    [gpu(0, part), mainMemory(rest)],
    [gpu(0, bytes)],
    [mainMemory(bytes)],
  ]);
  return machineWith(devices);
}

function modelsOf(random: Random, count: number, leastGb: number, mostGb: number): SimModel[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `model-${index}`,
    fingerprint: `${index}`.padStart(64, "0"),
    sizeBytes: Math.round(random.between(leastGb, mostGb) * GB),
  }));
}

function node(random: Random, index: number): Omit<NodeSetup, "memoryBytes" | "models"> {
  return {
    told: null,
    split: false,
    endMs: random.between(0, END_MS),
    skewMs: random.between(-300_000, 300_000),
    startsAtMs: index === 0 ? 0 : random.between(100, 1_000),
    token: index === 0 ? [] : [random.int(index)],
  };
}

function setupOf(nodes: readonly NodeSetup[], faults: readonly Fault[]) {
  const quietAtMs = Math.max(CHURN.toMs, ...faults.map(({ atMs }) => atMs));
  return { nodes, faults, joinedAtMs: CHURN.fromMs, quietAtMs };
}

/** A caller asks any machine for a model. */
function loadRequest(random: Random, models: readonly SimModel[]): Fault {
  const { name } = random.pick(models);
  return {
    atMs: random.between(CHURN.fromMs, CHURN.toMs),
    name: `${name} is to be loaded`,
    apply: ({ living }) => void random.pick(living).serving?.requestLoad(name),
  };
}

/** A machine is lost, and is back before all is quiet. */
function outage(random: Random, size: number): Fault[] {
  const index = random.int(size);
  const isKilled = random.chance(0.5);
  const downAtMs = random.between(CHURN.fromMs + 10_000, CHURN.toMs);
  return [{
    atMs: downAtMs,
    name: `node ${index} ${isKilled ? "is killed" : "stops"}`,
    apply: ({ nodes }) => isKilled ? nodes[index]?.crash() : void nodes[index]?.stop(),
  }, {
    atMs: downAtMs + random.between(1_000, 50_000),
    name: `node ${index} starts again`,
    apply: ({ nodes }) => nodes[index]?.start(),
  }];
}

/** The models of the setup that answer are as many as it has memory for. */
function answering(count: number, what: string): Invariant {
  return {
    name: what,
    when: "plan",
    check: ({ living, setup }) => {
      const names = new Set(setup.nodes.flatMap(({ models }) => models.map(({ name }) => name)));
      const served = [...names].filter((name) => serversOf(living, name).length > 0);
      return served.length >= count
        ? undefined
        : `of ${[...names]} only ${served} answer: ${tell(living)}`;
    },
  };
}

const STEADY: readonly Invariant[] = [...EVERYTHING, remembered, nothingFlaps];

/** Any machines, any models, most of them small enough for one; machines come and go, callers ask. */
export const pools: Scenario = {
  name: "pools",
  invariants: [...STEADY, wantedIsServed],
  setup: (random, size) => {
    const models = modelsOf(random, 2 + random.int(4), 2, 30);
    const nodes = Array.from({ length: size }, (_, index): NodeSetup => {
      const held = models.filter(() => random.chance(0.3));
      const told = index === 0 || random.chance(0.3) ? random.pick(models) : null;
      return {
        ...node(random, index),
        ...anyMachine(random),
        models: [...new Set(told === null ? held : [told, ...held])],
        told,
        alsoTold: told === null ? [] : held.filter((one) => one !== told && random.chance(0.5)),
        wanted: told === null ? [] : [told.name, random.pick(models).name],
      };
    });
    const faults = [
      ...Array.from({ length: 1 + random.int(2) }, () => churn(random, size)).flat(),
      ...Array.from({ length: random.int(2) }, () => rush(random, models)).flat(),
      ...Array.from({ length: random.int(3) }, () => loadRequest(random, models)),
    ];
    return setupOf(nodes, faults);
  },
};

/** Two hosts whose models need the memory of one more machine, which has enough for both. */
export const shared: Scenario = {
  name: "shared",
  invariants: [...STEADY, answering(2, "both models answer")],
  setup: (random) => {
    const models = modelsOf(random, 2, 6, 30);
    const hosts = models.map((model, index): NodeSetup => ({
      ...node(random, index),
      ...machineOf(random, Math.round(sizeNeeded(model) * random.between(0.3, 0.9))),
      models: [model],
      told: model,
    }));
    const needBytes = models.reduce((sum, model) => sum + sizeNeeded(model), 0);
    const worker = { ...node(random, 2), ...machineOf(random, needBytes), models: [] };
    const faults = Array.from({ length: 1 + random.int(2) }, () => outage(random, 3)).flat();
    return setupOf([...hosts, worker], faults);
  },
};

/** Three models are wanted, and two machines have memory for one each. */
export const twoOfThree: Scenario = {
  name: "two-of-three",
  invariants: [...STEADY, toldIsServed, answering(2, "two of three models answer")],
  setup: (random) => {
    const models = modelsOf(random, 3, 9, 11);
    const [told] = models as [SimModel];
    const bytes = Math.max(...models.map(sizeNeeded));
    const nodes = [0, 1].map((index): NodeSetup => ({
      ...node(random, index),
      ...machineOf(random, Math.round(bytes * random.between(1.01, 1.3))),
      models,
      ...(index === 0 ? { told, wanted: models.map(({ name }) => name) } : {}),
    }));
    return setupOf(nodes, outage(random, 2));
  },
};

/** Machines whose users named models, in a mesh that is asked for others. */
export const requests: Scenario = {
  name: "requests",
  invariants: [...STEADY, toldIsServed, wantedIsServed],
  setup: (random) => {
    const models = modelsOf(random, 4, 3, 9);
    const nodes = Array.from({ length: 3 }, (_, index): NodeSetup => {
      const [told = null, ...alsoTold] = random.sample(models, random.int(3));
      return {
        ...node(random, index),
        ...machineOf(random, Math.round(random.between(8, 26) * GB)),
        models,
        told,
        alsoTold,
      };
    });
    const asked = Array.from({ length: 2 + random.int(4) }, () => loadRequest(random, models));
    return setupOf(nodes, [...asked, ...random.chance(0.5) ? outage(random, 3) : []]);
  },
};
