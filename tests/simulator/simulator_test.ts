/**
 * MESH_LLM_SEEDS: how many seeds are run instead of 300; 1,000 add the mesh of 1,000 nodes. A failure says how
 * its seed is seen again.
 */

import assert from "node:assert/strict";
import { content } from "../mesh/content.ts";
import { manySeeds, runJobs, seedsOf } from "./jobs.ts";
import { Random } from "./random.ts";
import { DETECTION_MS, runSeed } from "./run.ts";
import { scenarioNamed } from "./scenarios.ts";
import { World } from "./world.ts";

const SEEDS = Number(Deno.env.get("MESH_LLM_SEEDS") ?? 300);

const part = (count: number) => Math.round(count * SEEDS / 1_000);

Deno.test("whatever went wrong, all agree, and what is wanted is served", async () => {
  const jobs = [
    ...manySeeds("anything", part(960)),
    ...manySeeds("fleets", part(40)),
    ...seedsOf("crowd", 200, part(20)),
    ...seedsOf("crowd", 1_000, Math.floor(SEEDS / 1_000)),
  ];
  const failures = await runJobs(jobs);
  assert.ok(jobs.length > 0);
  assert.equal(
    failures.length,
    0,
    `${failures.length} of ${jobs.length}\n${failures.join("\n\n")}`,
  );
});

Deno.test("the same seed gives the same events", async () => {
  const once = async () => {
    const { world } = await runSeed({ scenario: scenarioNamed("anything"), seed: 5, size: 12 });
    return [world.network.traffic, world.time.now, world.history];
  };
  assert.deepEqual(await once(), await once());
});

Deno.test("who is killed is dead for the others within 40 s, though nobody uses it", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const size = 2 + seed % 3;
    const { nodes } = scenarioNamed("crowd").setup(new Random(seed), size);
    const world = new World({ nodes, faults: [], joinedAtMs: 0, quietAtMs: 0 }, new Random(seed));
    world.begin();
    await world.time.runUntil(10_000);
    assert.ok(world.nodes.every(({ member }) => member.view.members.length === size - 1));
    world.nodes[1]?.crash();
    await world.time.runUntil(10_000 + DETECTION_MS);
    assert.ok(world.living.every(({ member }) => member.view.members.length === size - 2));
  }
});

Deno.test("a change costs each node at most log2 N messages", async () => {
  for (const size of [8, 32, 96]) {
    const { nodes } = scenarioNamed("crowd").setup(new Random(size), size);
    const world = new World({ nodes, faults: [], joinedAtMs: 0, quietAtMs: 0 }, new Random(size));
    world.begin();
    await world.time.runUntil(70_000);
    const before = world.network.traffic.records;
    await world.time.runUntil(72_000);
    const noise = world.network.traffic.records - before;
    world.nodes[0]?.member.view.announce(content({ name: "node 0", wanted: ["news"] }));
    await world.time.runUntil(74_000);
    const heard = world.nodes.filter(({ member }) =>
      member.view.members.some(({ wanted }) => wanted.includes("news"))
    );
    assert.equal(heard.length, size - 1, `${heard.length} of ${size} have heard it`);
    const messages = (world.network.traffic.records - before - 2 * noise) / size;
    assert.ok(messages <= Math.log2(size), `${messages} messages a node in a mesh of ${size}`);
  }
});
