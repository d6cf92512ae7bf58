/** The simulated tunnels of a node that works in several splits: what ends of one leaves the others alone. */

import assert from "node:assert/strict";
import { Random } from "./random.ts";
import type { NodeSetup, SimModel } from "./scenario.ts";
import { simModel } from "./scenarios.ts";
import type { SimNode } from "./sim_node.ts";
import { World } from "./world.ts";

const GB = 1e9;

Deno.test("a worker of two splits goes on with one when the other's rpc-server ends", async () => {
  const [first, second] = [simModel(0, 16 * GB), simModel(1, 16 * GB)] as const;
  const [worker, host, other] = worldOf([[first, second], 14], [[first], 16], [[second], 16]);
  const { tunnels, time } = host.world;
  await time.runUntil(30_000);
  const kinds = () => worker.serving?.jobs.map(({ plan: { kind } }) => kind);
  assert.deepEqual(kinds(), ["worker", "worker"]);
  const users = tunnels.usersOf(worker, second);
  assert.deepEqual(users.map(({ host }) => host), [other]);

  host.crash();
  await time.runUntil(90_000);
  assert.deepEqual(tunnels.usersOf(worker, first), []);
  assert.equal(worker.serving?.jobs.filter(({ plan: { kind } }) => kind === "worker").length, 1);
  assert.deepEqual(tunnels.usersOf(worker, second), users, "its term is the same");
});

/** The nodes of a mesh: the models that each is told, and its memory in GB. */
function worldOf(...machines: readonly (readonly [readonly SimModel[], number])[]) {
  const nodes = machines.map(([[told = null, ...alsoTold], gb], index): NodeSetup => ({
    memoryBytes: gb * GB,
    models: [...told === null ? [] : [told], ...alsoTold],
    told,
    alsoTold,
    split: false,
    skewMs: 0,
    startsAtMs: index * 100,
    token: index === 0 ? [] : [0],
  }));
  const world = new World({ nodes, faults: [], joinedAtMs: 0, quietAtMs: 0 }, new Random(1));
  world.begin();
  return world.nodes as readonly [SimNode, SimNode, SimNode];
}
