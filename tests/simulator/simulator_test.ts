/** Whatever may go wrong in small meshes, over many seeds. A failure says how its seed is seen again. */

import assert from "node:assert/strict";
import { content } from "../mesh/content.ts";
import { checkJobs, manySeeds } from "./jobs.ts";
import { Random } from "./random.ts";
import { DETECTION_MS, runSeed } from "./run.ts";
import { scenarioNamed } from "./scenarios.ts";
import { World } from "./world.ts";

Deno.test("whatever went wrong, all agree, and each model has one plan", async () => {
  await checkJobs(manySeeds("anything", 900));
});

Deno.test("the same seed gives the same events", async () => {
  const once = async () => {
    const { world } = await runSeed({ scenario: scenarioNamed("anything"), seed: 5, size: 12 });
    return [world.network.traffic, world.time.now, world.history];
  };
  assert.deepEqual(await once(), await once());
});

Deno.test("a node that is killed is dead for the others within 40 s, though nobody uses it", async () => {
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
