/** What one member says that means no good, and what the others make of it. */

import assert from "node:assert/strict";
import { announcementSchema } from "../../src/mesh/announcement.ts";
import type { Announcement } from "../../src/mesh/types.ts";
import { MAX_ORPHANS } from "../../src/node/defaults.ts";
import { content } from "../mesh/content.ts";
import { Random } from "./random.ts";
import type { NodeSetup, SimModel } from "./scenario.ts";
import { simModel } from "./scenarios.ts";
import type { SimNode } from "./sim_node.ts";
import { World } from "./world.ts";

const GB = 1e9;

/** The last node says what the test has it say; the others serve and plan. */
function meshOf(size: number, model: SimModel = simModel(0, 4 * GB)): World {
  const nodes = Array.from({ length: size }, (_, index): NodeSetup => ({
    memoryBytes: 8 * GB,
    told: index === 0 ? model : null,
    models: index === size - 1 ? [] : [model],
    split: false,
    idle: index === size - 1,
    skewMs: 0,
    startsAtMs: index * 10,
    token: index === 0 ? [] : [0],
  }));
  const world = new World({ nodes, faults: [], joinedAtMs: 0, quietAtMs: 0 }, new Random(size));
  world.begin();
  return world;
}

function own(node: SimNode): Announcement {
  const { own } = node.member.view;
  assert.ok(own, `${node.name} says nothing`);
  return own;
}

const many = (name: string) => Array.from({ length: 200 }, (_, i) => `${name}-${i}`);

Deno.test("who announces 200 wanted names and leaves ends nobody, and leaves few of them behind", async () => {
  const world = meshOf(4);
  await world.time.runUntil(10_000);
  const [hoarder, ...others] = world.nodes.toReversed();
  assert.ok(hoarder);
  hoarder.member.view.announce(content({ wanted: many("hoarded") }));
  await world.time.runUntil(20_000);
  await hoarder.stop();
  await world.time.runUntil(60_000);
  assert.deepEqual(world.violations, []);
  for (const node of others) {
    const { wanted } = own(node);
    assert.ok(wanted.length <= 16, `${node.name} wants ${wanted.length}`);
    assert.ok(wanted.includes("model-0") || node.index > 0);
  }
});

Deno.test("honest nodes that leave hundreds of names behind end nobody either", async () => {
  const world = meshOf(30);
  await world.time.runUntil(10_000);
  const leaving = world.nodes.slice(10);
  for (const node of leaving) {
    node.serving?.stop();
    node.member.view.announce(content({ name: node.name, wanted: many(`of-${node.index}`) }));
  }
  await world.time.runUntil(20_000);
  for (const node of leaving) node.crash();
  await world.time.runUntil(90_000);
  assert.deepEqual(world.violations, []);
  for (const node of world.living) {
    const { wanted } = own(node);
    assert.ok(wanted.length <= MAX_ORPHANS + 2);
    assert.equal(announcementSchema.safeParse(own(node)).error, undefined);
    assert.equal(node.member.view.members.length, 9);
  }
});

Deno.test("members that offer more memory than there is do not make a host's own words impossible", async () => {
  const model = simModel(0, 100 * GB);
  const world = meshOf(4, model);
  await world.time.runUntil(10_000);
  const liar = world.nodes.at(-1) as SimNode;
  const { engine } = own(world.nodes[0] as SimNode);
  const { name, fingerprint } = model;
  liar.member.view.announce(content({
    memoryBytes: 2 ** 50,
    models: [{ name, fingerprint, sizeBytes: 2 ** 50, needBytes: 2 ** 50 }],
    target: { name, fingerprint },
    engine,
  }));
  await world.time.runUntil(60_000);
  assert.deepEqual(world.violations, []);
  assert.ok(world.living.every((node) => node.member.view.members.length === 3));
});
