/** One seed of one scenario, from its start to the last of its checks. */

import { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { World } from "./world.ts";

export interface Job {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly size: number;
}

export interface Outcome {
  /** What does not hold, one line each; empty where all is well. */
  readonly failures: readonly string[];
  readonly world: World;
}

/** design.md 6 and 8: silence is noticed after 30 s to 37 s, and the probe takes two. */
const DETECTION_MS = 40_000;

/** Ten gossip rounds. */
const VIEW_MS = 10_000;

/** Burst of a group, new assignment, start of an rpc-server, load, and the longest pause between reloads. */
const PLAN_MS = 45_000;

export async function runSeed({ scenario, seed, size }: Job): Promise<Outcome> {
  const random = new Random(seed * 1_000_003 + size);
  const setup = scenario.setup(random, size);
  const world = new World(setup, random);
  world.begin();
  const failures: string[] = [];
  const check = (when: "view" | "plan") => {
    for (const invariant of scenario.invariants) {
      const problem = invariant.when === when ? invariant.check(world) : undefined;
      if (problem !== undefined) failures.push(`${invariant.name}: ${problem}`);
    }
  };
  await world.time.runUntil(setup.quietAtMs);
  const viewAtMs = setup.quietAtMs + (anybodyIsGone(world) ? DETECTION_MS : 0) + VIEW_MS;
  await world.time.runUntil(viewAtMs);
  check("view");
  if (scenario.invariants.some(({ when }) => when === "plan")) {
    await world.time.runUntil(viewAtMs + PLAN_MS);
    check("plan");
  }
  failures.push(...new Set(world.violations));
  return { failures, world };
}

/** The others have to find out by its silence. */
function anybodyIsGone({ nodes }: World): boolean {
  return nodes.some((node) => !node.running);
}
