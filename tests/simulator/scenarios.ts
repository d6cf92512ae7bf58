/**
 * The meshes that are simulated. A new one: a `Scenario` with its nodes, faults and invariants, in
 * the list below; `simulator_test.ts` runs all of them over its seeds in turn.
 */

import { bridge, introduction } from "./bridges.ts";
import { callers, sharing } from "./callers.ts";
import { EVERY_FAULT, type FaultMaker, type Span } from "./faults.ts";
import { EVERYTHING, nobodyAliveIsDead, sameView } from "./invariants.ts";
import { fleets } from "./fleets.ts";
import { pools, requests, shared, twoOfThree } from "./pools.ts";
import type { Random } from "./random.ts";
import type { NodeSetup, Scenario, Setup, SimModel } from "./scenario.ts";

const GB = 1e9;

/**
 * All nodes have joined and measured their round trips by then. Half of the tokens name a node that starts later: the
 * first dial fails after 2 s, the next follows within another, and the parts that have formed meanwhile exchange their
 * views. A node that dies before may have been the only one whose token led from one part to another: then no living
 * node knows an address of the other part, and nothing could ever make one mesh of them.
 */
const FAULTS_FROM_MS = 7_000;
const FAULTS_LAST_MS = 25_000;

export function simModel(index: number, sizeBytes: number): SimModel {
  return { name: `model-${index}`, fingerprint: `${index}`.padStart(64, "0"), sizeBytes };
}

/** Nodes that start one after the other, each with a token of an earlier one. */
export function startUp(random: Random, index: number): Pick<
  NodeSetup,
  "skewMs" | "startsAtMs" | "token"
> {
  return {
    skewMs: random.between(-300_000, 300_000),
    startsAtMs: index === 0 ? 0 : random.between(100, 2_000),
    token: index === 0 ? [] : [random.int(index)],
  };
}

export function faultsOf(
  random: Random,
  { makers, size, count, forMs = FAULTS_LAST_MS }: {
    readonly makers: readonly FaultMaker[];
    readonly size: number;
    readonly count: number;
    /** @default {25 s} */
    readonly forMs?: number;
  },
): Pick<Setup, "faults" | "joinedAtMs" | "quietAtMs"> {
  const span: Span = { fromMs: FAULTS_FROM_MS, toMs: FAULTS_FROM_MS + forMs };
  const faults = Array.from({ length: count }, () => random.pick(makers)(random, span, size))
    .flat();
  const quietAtMs = Math.max(FAULTS_FROM_MS, ...faults.map(({ atMs }) => atMs));
  return { faults, joinedAtMs: FAULTS_FROM_MS, quietAtMs };
}

/** Some models, held by some nodes, most of them too large for one; anything goes wrong. */
const anything: Scenario = {
  name: "anything",
  invariants: EVERYTHING,
  setup: (random, size) => {
    const models = Array.from(
      { length: 1 + random.int(3) },
      (_, index) => simModel(index, (4 + random.int(36)) * GB),
    );
    const node = (index: number): NodeSetup => {
      const told = random.chance(0.6) ? random.pick(models) : null;
      const others = models.filter(() => random.chance(0.3));
      return {
        memoryBytes: (4 + random.int(20)) * GB,
        told,
        models: [...new Set(told === null ? others : [told, ...others])],
        split: told !== null && random.chance(0.1),
        ...startUp(random, index),
      };
    };
    const nodes = Array.from({ length: size }, (_, index) => node(index));
    const count = 1 + random.int(4);
    return { nodes, ...faultsOf(random, { makers: EVERY_FAULT, size, count }) };
  },
};

/** A large mesh of nodes that have nothing to serve: membership alone. */
const crowd: Scenario = {
  name: "crowd",
  invariants: [sameView, nobodyAliveIsDead],
  setup: (random, size) => {
    const node = (index: number): NodeSetup => ({
      memoryBytes: 8 * GB,
      told: null,
      models: [],
      split: false,
      idle: true,
      ...startUp(random, index),
    });
    const nodes = Array.from({ length: size }, (_, index) => node(index));
    return { nodes, ...faultsOf(random, { makers: EVERY_FAULT, size, count: 1, forMs: 6_000 }) };
  },
};

export const SCENARIOS: readonly Scenario[] = [
  anything,
  fleets,
  pools,
  shared,
  twoOfThree,
  requests,
  callers,
  sharing,
  crowd,
  bridge,
  introduction,
];

/** @throws for a name that is none. */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario !== undefined) return scenario;
  throw new RangeError(`No scenario is called ${name}: ${SCENARIOS.map((one) => one.name)}`);
}
