/** One seed of one scenario, from its start to the last of its checks. */

import { nobodyAliveIsDead } from "./invariants.ts";
import { Random } from "./random.ts";
import type { Invariant, Scenario } from "./scenario.ts";
import { World } from "./world.ts";

export interface Job {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly size: number;
}

export interface Outcome {
  /** The invariants that do not hold, one line each; empty if all is well. */
  readonly failures: readonly string[];
  readonly world: World;
}

/** Silence is noticed after 27 s to 37 s, and the probe takes two. */
export const DETECTION_MS = 40_000;

/** Ten gossip rounds. */
const VIEW_MS = 10_000;

/** How often it is looked whether all holds. */
const LOOK_EVERY_MS = 500;

/** Burst of a group, new assignment, start of an rpc-server, load, and the longest pause between reloads. */
const PLAN_MS = 45_000;

/** Within it no move may be undone without a new reason. */
export const REST_MS = 300_000;

export async function runSeed({ scenario, seed, size }: Job): Promise<Outcome> {
  const random = new Random(seed * 1_000_003 + size);
  const setup = scenario.setup(random, size);
  const world = new World(setup, random);
  world.begin();
  await world.time.runUntil(setup.joinedAtMs);
  const failures = await settle(world, [nobodyAliveIsDead], 0);
  await world.time.runUntil(setup.quietAtMs);
  const detectionMs = anybodyIsGone(world) ? DETECTION_MS : 0;
  const limits = [
    ["view", detectionMs + VIEW_MS, 1],
    ["plan", scenario.planMs ?? PLAN_MS, 4],
  ] as const;
  for (const [when, limitMs, looks] of limits) {
    const invariants = scenario.invariants.filter((invariant) => invariant.when === when);
    failures.push(...await settle(world, invariants, limitMs, looks));
  }
  failures.push(...await rest(world, scenario.invariants), ...new Set(world.violations));
  return { failures, world };
}

/** A plan that is made by now holds for a while, and so do plans as they are then. */
async function rest(world: World, invariants: readonly Invariant[]): Promise<string[]> {
  const of = (when: Invariant["when"]) => invariants.filter((one) => one.when === when);
  if (of("rest").length === 0) return [];
  await world.time.runUntil(world.time.now + PLAN_MS);
  const planned = await settle(world, of("plan"), 0);
  await world.time.runUntil(world.time.now + REST_MS);
  return [...planned, ...await settle(world, of("rest"), 0)];
}

/** Lets time pass until everything holds for a while; says what does not when the time is out. */
async function settle(
  world: World,
  invariants: readonly Invariant[],
  limitMs: number,
  looksInARow = 1,
): Promise<string[]> {
  const endMs = world.time.now + limitMs;
  for (let looks = 0;;) {
    const problems = invariants.flatMap((invariant) => {
      const problem = invariant.check(world);
      return problem === undefined ? [] : [`${invariant.name}: ${problem}`];
    });
    looks = problems.length === 0 ? looks + 1 : 0;
    if (looks === looksInARow || world.time.now >= endMs) return problems;
    await world.time.runUntil(Math.min(world.time.now + LOOK_EVERY_MS, endMs));
  }
}

/** The others have to find out by its silence. */
function anybodyIsGone({ nodes }: World): boolean {
  return nodes.some((node) => !node.running);
}
