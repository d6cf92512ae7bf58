/**
 * MESH_LLM_SEEDS: how many seeds of 3 to 50 nodes are run instead of 1,000; the others follow. A failure
 * says how its seed is seen again.
 */

import assert from "node:assert/strict";
import { type JobSpec, manySeeds, runJobs, seedsOf } from "./jobs.ts";
import { runSeed } from "./run.ts";
import { scenarioNamed } from "./scenarios.ts";

const SEEDS = Number(Deno.env.get("MESH_LLM_SEEDS") ?? 1_000);

const part = (count: number) => Math.ceil(count * SEEDS / 1_000);

async function allEndWell(jobs: readonly JobSpec[]): Promise<void> {
  const failures = await runJobs(jobs);
  assert.equal(
    failures.length,
    0,
    `${failures.length} of ${jobs.length}\n${failures.join("\n\n")}`,
  );
}

Deno.test("in meshes of 3 to 50 nodes all agree after whatever went wrong", async () => {
  await allEndWell(manySeeds("anything", part(960)));
});

Deno.test("fleets serve what is wanted, and rest", async () => {
  await allEndWell(manySeeds("fleets", part(40)));
});

Deno.test("a mesh of 200 nodes agrees", async () => {
  await allEndWell(seedsOf("crowd", 200, part(20)));
});

Deno.test("a mesh of 1,000 nodes agrees", async () => {
  await allEndWell(seedsOf("crowd", 1_000, 1));
});

Deno.test("the same seed gives the same events", async () => {
  const once = async () => {
    const { world } = await runSeed({ scenario: scenarioNamed("anything"), seed: 5, size: 12 });
    return [world.network.traffic, world.time.now, world.history];
  };
  assert.deepEqual(await once(), await once());
});
