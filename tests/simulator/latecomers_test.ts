/** Nodes that come to a mesh which has long caught up: all by one invite, and all honest. */

import assert from "node:assert/strict";
import { Random } from "./random.ts";
import type { NodeSetup } from "./scenario.ts";
import { World } from "./world.ts";

/** By then those that are there believe little of what they hear. */
const LATE_MS = 200_000;

interface Start {
  readonly startsAtMs: number;
  readonly token: readonly number[];
}

async function worldOf(starts: readonly Start[], seed: number): Promise<World> {
  const nodes = starts.map((start): NodeSetup => ({
    memoryBytes: 8e9,
    told: null,
    models: [],
    split: false,
    idle: true,
    skewMs: 0,
    ...start,
  }));
  const setup = { nodes, faults: [], joinedAtMs: 0, quietAtMs: 0 };
  const world = new World(setup, new Random(seed));
  world.begin();
  await world.time.runUntil(LATE_MS);
  return world;
}

function founded(count: number, at: number, first = 0): Start[] {
  return Array.from(
    { length: count },
    (_, i) => ({ startsAtMs: at + i * 20, token: i === 0 ? [] : [first] }),
  );
}

const later = (count: number, token: readonly number[]): Start[] =>
  Array.from({ length: count }, (_, i) => ({ startsAtMs: LATE_MS + 100 + i * 10, token }));

/** How many others each living node knows, the least of them. */
function leastKnown({ living }: World): number {
  return Math.min(...living.map(({ member }) => member.view.members.length));
}

/** Milliseconds until every node knows all others. */
async function untilAllKnow(world: World, limitMs: number): Promise<number> {
  const from = world.time.now;
  while (leastKnown(world) < world.nodes.length - 1) {
    assert.ok(world.time.now - from < limitMs, `one knows ${leastKnown(world)} others only`);
    await world.time.runUntil(world.time.now + 500);
  }
  return world.time.now - from;
}

Deno.test("a node that comes late to a small mesh is known to all within seconds", async () => {
  for (const size of [2, 3, 9, 25]) {
    const world = await worldOf([...founded(size, 0), ...later(5, [size - 1])], size);
    await untilAllKnow(world, 4_000);
  }
});

Deno.test("two meshes that one newcomer brings together late are one within seconds", async () => {
  for (const [left, right] of [[3, 4], [12, 12], [24, 24]] as const) {
    const starts = [...founded(left, 0), ...founded(right, 0, left), ...later(1, [0, left])];
    const world = await worldOf(starts, left);
    await untilAllKnow(world, 15_000);
  }
});

Deno.test("a rack that comes to a large mesh with one invite is known to all within a minute", async () => {
  for (const count of [1, 8, 80]) {
    const world = await worldOf([...founded(45, 0), ...later(count, [7])], count);
    const took = await untilAllKnow(world, 60_000);
    assert.ok(count > 8 || took <= 5_000, `${count} newcomers are known after ${took} ms`);
  }
});

Deno.test("a node that only one member reaches is a member for the others too", async () => {
  const world = await worldOf([...founded(6, 0), ...later(1, [2])], 1);
  const hidden = world.nodes.at(-1);
  const others = world.nodes.filter((node) => node.index !== 2 && node !== hidden);
  assert.ok(hidden);
  // Node 2 is in no part, and so reaches both.
  world.network.cut([hidden], 1);
  world.network.cut(others, 2);
  await world.time.runUntil(LATE_MS + 40_000);
  assert.equal(leastKnown(world), 6);
});
