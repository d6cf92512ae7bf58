/** Meshes with GPUs, and where their models go: GPUs before main memory, one machine before several, nobody idle in vain. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Member, sameModel } from "../../../src/node/plan/view.ts";
import { bytesOf } from "../../../src/node/plan/pools.ts";
import { draws } from "../drawn_meshes.ts";
import { type FleetNode, memberOf, play, workOf } from "./fleet.ts";

interface Row {
  readonly fact: string;
  readonly nodes: readonly FleetNode[];
  readonly expected: Readonly<Record<string, string>>;
}

const DISK = { big: 24, small: 5, huge: 90 };

/** In GB. */
const MACHINES = {
  laptop: { memory: 12 },
  server: { memory: 96 },
  desktop: { memory: 63, gpu: 15 },
  tight: { memory: 21, gpu: 15 },
  old: { memory: 50, gpu: 2 },
  twin: { memory: 142, gpu: 46 },
  mac: { memory: 24, gpu: 24 },
  studio: { memory: 96, gpu: 96 },
} as const;

/** A machine whose user wants these models; it holds them all. */
function told(name: string, kind: keyof typeof MACHINES, ...models: string[]): FleetNode {
  return { name, ...MACHINES[kind], disk: DISK, models };
}

/** One that the mesh may use, with everything on its disk. */
function free(name: string, kind: keyof typeof MACHINES): FleetNode {
  return { name, ...MACHINES[kind], disk: DISK };
}

/** ... and with nothing. */
function empty(name: string, kind: keyof typeof MACHINES): FleetNode {
  return { name, ...MACHINES[kind] };
}

const ROWS: readonly Row[] = [
  {
    fact: "a model that fits a GPU is served there",
    nodes: [told("a", "desktop", "small")],
    expected: { a: "small alone" },
  },
  {
    fact: "one that does not is served from GPU and main memory",
    nodes: [told("a", "desktop", "big")],
    expected: { a: "big alone" },
  },
  {
    fact: "a GPU of 2 GB is not in the way of 48 GB of main memory",
    nodes: [told("a", "old", "big")],
    expected: { a: "big alone" },
  },
  {
    fact: "a Mac serves what its one pool holds, and waits for the rest",
    nodes: [told("a", "mac", "huge")],
    expected: { a: "huge waits" },
  },
  {
    fact: "two GPUs of two users serve together what each would keep in main memory",
    nodes: [told("a", "desktop", "big"), told("b", "desktop", "big")],
    expected: { a: "big worker", b: "big host" },
  },
  {
    fact: "a free GPU helps one that would need main memory",
    nodes: [told("a", "desktop", "big"), empty("b", "desktop")],
    expected: { a: "big host", b: "big worker" },
  },
  {
    fact: "a free machine without a GPU does not, for that would be slower",
    nodes: [told("a", "desktop", "big"), empty("b", "server")],
    expected: { a: "big alone", b: "-" },
  },
  {
    fact: "a free machine with a GPU that is too small to make a difference is left alone",
    nodes: [told("a", "desktop", "big"), empty("b", "old")],
    expected: { a: "big alone", b: "-" },
  },
  {
    fact: "no more GPUs are taken than are needed",
    nodes: [told("a", "desktop", "big"), empty("b", "desktop"), empty("c", "desktop")],
    expected: { a: "big host", b: "big worker", c: "-" },
  },
  {
    fact: "a user's machine without a GPU serves what it holds, whatever others have",
    nodes: [told("a", "server", "big"), empty("b", "desktop")],
    expected: { a: "big alone", b: "-" },
  },
  {
    fact: "a user's laptop that can't hold it hosts it on the GPUs of others",
    nodes: [told("a", "laptop", "big"), empty("b", "desktop"), empty("c", "desktop")],
    expected: { a: "big host", b: "big worker", c: "big worker" },
  },
  {
    fact: "... or waits while one serves it that holds it on its GPU",
    nodes: [told("a", "laptop", "big"), free("b", "studio")],
    expected: { a: "big waits", b: "big alone" },
  },
  {
    fact:
      "a model that nobody serves goes to a GPU that holds it, and a free machine serves it once more",
    nodes: [
      { ...told("a", "laptop", "small"), models: ["small", "big"] },
      free("b", "server"),
      free("c", "mac"),
    ],
    expected: { a: "small alone", b: "big alone", c: "big alone" },
  },
  {
    fact: "GPUs and main memory of several serve what nothing less holds",
    nodes: [told("a", "desktop", "huge"), empty("b", "desktop")],
    expected: { a: "huge host", b: "huge worker" },
  },
  {
    fact: "GPUs of two large machines before all the memory of one",
    nodes: [told("a", "twin", "huge"), empty("b", "twin")],
    expected: { a: "huge host", b: "huge worker" },
  },
  {
    fact: "all the memory of one before a part of several",
    nodes: [told("a", "twin", "huge"), empty("b", "laptop")],
    expected: { a: "huge alone", b: "-" },
  },
  {
    fact: "a Mac and a desktop share what neither GPU holds alone",
    nodes: [told("a", "tight", "big"), empty("b", "mac")],
    expected: { a: "big host", b: "big worker" },
  },
  {
    fact: "two laptops share as ever",
    nodes: [told("a", "laptop", "big"), empty("b", "laptop")],
    expected: { a: "big host", b: "big worker" },
  },
  {
    fact:
      "two wanted models, one GPU: the small one takes it, the large one goes where there is memory",
    nodes: [told("a", "desktop", "small", "big"), free("b", "server")],
    expected: { a: "small alone", b: "big alone" },
  },
  {
    fact: "a machine that somebody asks serves on, though its GPU could be joined by others",
    nodes: [
      { ...told("a", "desktop", "big"), serves: "big", demand: { big: 1 } },
      { ...told("b", "desktop", "big"), serves: "big", demand: { big: 1 } },
    ],
    expected: { a: "big alone", b: "big alone" },
  },
  {
    fact: "a GPU that has come for one model is not called away for another that lacks one as well",
    nodes: [
      free("a", "desktop"),
      told("b", "old", "small"),
      told("c", "desktop", "big"),
      empty("d", "mac"),
    ],
    expected: { a: "big worker", b: "small host", c: "big host", d: "small worker" },
  },
];

for (const { fact, nodes, expected } of ROWS) {
  for (const together of [true, false]) {
    Deno.test(`${fact} (${together ? "at once" : "in turn"})`, () => {
      const { plans, rounds } = play(nodes.map(memberOf), { together });
      assert.notEqual(rounds, undefined, "it never comes to rest");
      const words = Object.fromEntries([...plans].map(([name, plan]) => [name, workOf(plan)]));
      assert.deepEqual(words, expected);
    });
  }
}

function sumOf(reservations: Member["reservations"]): number {
  return reservations.flatMap(({ devices }) => devices)
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

const anyNode = fc.record({
  kind: fc.constantFrom(...Object.keys(MACHINES) as (keyof typeof MACHINES)[]),
  holds: fc.boolean(),
  model: fc.constantFrom(undefined, "big", "small", "huge"),
});

Deno.test("any fleet comes to rest, gives nobody more than its memory, and leaves nothing waiting that fits somebody", () => {
  fc.assert(
    fc.property(
      fc.array(anyNode, { minLength: 1, maxLength: 7 }),
      fc.boolean(),
      (drawn, together) => {
        const nodes = drawn.map(({ kind, holds, model }, index): FleetNode => ({
          name: `n${index}`,
          ...MACHINES[kind],
          ...(holds || model !== undefined ? { disk: DISK } : {}),
          ...(model === undefined ? {} : { models: [model] }),
        }));
        // A split forms step by step: its machines do not all act at the very same moment, on the view of the moment before.
        const canSplit = drawn.some(({ model }) => model === "huge");
        const { plans, members, rounds } = play(nodes.map(memberOf), {
          together: together && !canSplit,
        });
        assert.notEqual(rounds, undefined, "it never comes to rest");
        for (const member of members) {
          assert.ok(sumOf(member.reservations) <= member.memoryBytes + 1, "more than its memory");
          for (const plan of plans.get(member.peer) ?? []) {
            if (plan.kind === "solo") assert.ok(plan.needBytes <= member.memoryBytes);
            if (plan.kind === "host") {
              const own = plan.hostShare * plan.needBytes;
              assert.ok(own <= member.memoryBytes + 1e-6);
              for (const { peer, share } of plan.workers) {
                const worker = members.find((one) => one.peer === peer);
                assert.ok(
                  worker !== undefined && share * plan.needBytes <= worker.memoryBytes + 1e-6,
                );
              }
              const lenders = members.filter(({ peer }) =>
                plan.workers.some((worker) => worker.peer === peer)
              );
              const onGpus = [member, ...lenders].reduce(
                (sum, one) => sum + bytesOf(one, "gpu"),
                0,
              );
              const others = member.reservations.filter(({ model }) =>
                !sameModel(model, plan.model)
              );
              const freeBytes = member.memoryBytes - sumOf(others);
              assert.ok(
                onGpus >= plan.needBytes || freeBytes < plan.needBytes,
                "alone it would be as good",
              );
            }
            if (plan.kind === "waiting") assert.ok(member.memoryBytes < plan.needBytes);
          }
        }
      },
    ),
    draws(300),
  );
});
