/** Meshes, and what their nodes end up doing: a reader should find each of them sensible. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Downloadable } from "../../../src/node/plan/assignment/assignments.ts";
import { draws } from "../drawn_meshes.ts";
import { type FleetNode, memberOf, play, workOf } from "./fleet.ts";

interface Row {
  readonly fact: string;
  readonly nodes: readonly FleetNode[];
  readonly catalog?: readonly Downloadable[];
  readonly expected: Readonly<Record<string, string>>;
}

const all = (count: number, node: Omit<FleetNode, "name">): FleetNode[] =>
  Array.from({ length: count }, (_, index) => ({ name: `n${index}`, ...node }));

const founder: FleetNode = {
  name: "a",
  memory: 15,
  disk: { x: 10 },
  models: ["x", "y", "z"],
};

const rows: Row[] = [
  {
    fact: "two wanted models, one on each disk: each is served once",
    nodes: [{ ...founder, models: ["x", "y"] }, { name: "b", memory: 15, disk: { y: 10 } }],
    expected: { a: "x alone", b: "y alone" },
  },
  {
    fact: "two that join together fill two gaps",
    nodes: [founder, ...all(2, { memory: 15, disk: { y: 10, z: 10 } })],
    expected: { a: "x alone", n0: "y alone", n1: "z alone" },
  },
  {
    fact: "ten that join together and hold everything: gaps first, then the least served",
    nodes: [founder, ...all(10, { memory: 15, disk: { x: 10, y: 10, z: 10 } })],
    expected: {
      a: "x alone",
      n0: "y alone",
      n1: "z alone",
      n2: "x alone",
      n3: "y alone",
      n4: "z alone",
      n5: "x alone",
      n6: "y alone",
      n7: "z alone",
      n8: "x alone",
      n9: "y alone",
    },
  },
  {
    fact: "the only node for a model takes it, and leaves the other to one that has no choice",
    nodes: [
      founder,
      { name: "b", memory: 15, disk: { y: 10, z: 10 } },
      { name: "c", memory: 15, disk: { y: 10 } },
    ],
    expected: { a: "x alone", b: "z alone", c: "y alone" },
  },
  {
    fact: "a model that a node fails to serve is a gap for others",
    nodes: [
      { ...founder, models: ["x", "y"], fails: "x" },
      { name: "b", memory: 15, disk: { x: 10, y: 10 } },
      { name: "c", memory: 15, disk: { y: 10 } },
    ],
    expected: { a: "x alone", b: "x alone", c: "y alone" },
  },
  {
    fact: "the smallest that fits takes a model, the large ones stay for large models",
    nodes: [
      founder,
      { name: "b", memory: 90, disk: { y: 10, z: 80 } },
      { name: "c", memory: 15, disk: { y: 10, z: 80 } },
    ],
    expected: { a: "x alone", b: "z alone", c: "y alone" },
  },
  {
    fact: "a node that serves what another could take makes room for what only it can serve",
    nodes: [
      { ...founder, models: ["x", "y", "z"] },
      { name: "b", memory: 15, disk: { y: 10, z: 10 }, serves: "y" },
      { name: "c", memory: 15, disk: { y: 10 } },
    ],
    expected: { a: "x alone", b: "z alone", c: "y alone" },
  },
  {
    fact: "a spare replica of what is asked for least takes an unserved model",
    nodes: [
      { ...founder, models: ["x", "y", "z"] },
      { name: "b", memory: 15, disk: { x: 10, z: 10 }, serves: "x", demand: { x: 2 } },
      { name: "c", memory: 15, disk: { y: 10, z: 10 }, serves: "y" },
      { name: "d", memory: 15, disk: { y: 10, z: 10 }, serves: "y" },
    ],
    expected: { a: "x alone", b: "x alone", c: "y alone", d: "z alone" },
  },
  {
    fact: "a model that waits for memory gets help before gaps are filled, just enough of it",
    nodes: [
      { name: "a", memory: 60, disk: { big: 100 }, models: ["big", "y"] },
      ...all(3, { memory: 50, disk: { y: 10 } }),
    ],
    expected: { a: "big host", n0: "y alone", n1: "big worker", n2: "y alone" },
  },
  {
    fact: "a model that could never get enough memory does not keep others from gaps",
    nodes: [
      { name: "a", memory: 60, disk: { big: 900 }, models: ["big", "y"] },
      { name: "b", memory: 50, disk: { y: 10 } },
      { name: "c", memory: 50 },
    ],
    expected: { a: "big waits", b: "y alone", c: "big follows" },
  },
  {
    fact: "a wanted model that fits nobody alone is split by those who are free",
    nodes: [
      founder,
      { name: "b", memory: 60, disk: { y: 100 } },
      { name: "c", memory: 50 },
      { name: "d", memory: 50 },
    ],
    expected: { a: "x alone", b: "y host", c: "y worker", d: "-" },
  },
  {
    fact: "a wanted model of the catalog is downloaded once, by one that it fits",
    nodes: [
      { ...founder, models: ["x", "y"] },
      { name: "b", memory: 15, downloadBytes: 1_000 },
      { name: "c", memory: 90, downloadBytes: 1_000 },
      { name: "d", memory: 90, downloadBytes: 1_000 },
    ],
    catalog: [{ name: "y", sizeBytes: 40, needBytes: 44 }],
    expected: { a: "x alone", b: "-", c: "y alone", d: "-" },
  },
  {
    fact: "a model that is known to need more than its size is not downloaded for nothing",
    nodes: [
      { ...founder, models: ["x", "y"] },
      { name: "b", memory: 45, disk: { y: 60 }, downloadBytes: 1_000 },
      { name: "c", memory: 50, downloadBytes: 1_000 },
    ],
    catalog: [{ name: "y", sizeBytes: 40, needBytes: 44 }],
    expected: { a: "x alone", b: "y host", c: "y worker" },
  },
  {
    fact: "nothing is downloaded where somebody has the file, or the disk is full",
    nodes: [
      { ...founder, models: ["x", "y", "z"] },
      { name: "b", memory: 90, downloadBytes: 10 },
      { name: "c", memory: 90, disk: { y: 44 } },
    ],
    catalog: [
      { name: "y", sizeBytes: 5, needBytes: 44 },
      { name: "z", sizeBytes: 40, needBytes: 44 },
    ],
    expected: { a: "x alone", b: "-", c: "y alone" },
  },
  {
    fact: "a node that has dropped a model does not get it again",
    nodes: [
      { ...founder, models: ["x", "y"] },
      { name: "b", memory: 15, disk: { y: 10 }, refuses: ["y"] },
      { name: "c", memory: 90, disk: { y: 10 } },
    ],
    expected: { a: "x alone", b: "-", c: "y alone" },
  },
  {
    fact: "a hot model gains a standby",
    nodes: [
      { ...founder, models: ["x"], serves: "x", demand: { x: 8 } },
      { name: "b", memory: 15, downloadBytes: 1_000 },
      { name: "c", memory: 15 },
    ],
    catalog: [{ name: "x", sizeBytes: 9, needBytes: 10 }],
    expected: { a: "x alone", b: "x alone", c: "-" },
  },
  {
    fact: "a hot model gains a spare replica of a cold one, where nobody is idle",
    nodes: [
      { ...founder, models: ["x", "y"], serves: "x", demand: { x: 4 } },
      { name: "b", memory: 15, disk: { y: 10 }, models: ["y"], serves: "y", demand: { y: 1 } },
      { name: "c", memory: 15, disk: { x: 10, y: 10 }, serves: "y" },
      { name: "d", memory: 15, disk: { y: 10 }, serves: "y" },
    ],
    expected: { a: "x alone", b: "y alone", c: "x alone", d: "y alone" },
  },
  {
    fact: "a hot model gains an idle node before a spare replica",
    nodes: [
      { ...founder, models: ["x", "y"], serves: "x", demand: { x: 4 } },
      { name: "b", memory: 15, disk: { y: 10 }, models: ["y"], serves: "y" },
      { name: "c", memory: 15, disk: { x: 10, y: 10 }, serves: "y" },
      { name: "d", memory: 15, disk: { x: 10 } },
    ],
    expected: { a: "x alone", b: "y alone", c: "y alone", d: "x alone" },
  },
  {
    fact: "a hot model takes no replica that is asked for, and no last instance",
    nodes: [
      { ...founder, models: ["x", "y", "z"], serves: "x", demand: { x: 8 } },
      { name: "b", memory: 15, disk: { y: 10 }, models: ["y"], serves: "y", demand: { y: 1 } },
      { name: "c", memory: 15, disk: { x: 10, y: 10 }, serves: "y", demand: { y: 1 } },
      { name: "d", memory: 15, disk: { x: 10, z: 10 }, serves: "z" },
    ],
    expected: { a: "x alone", b: "y alone", c: "y alone", d: "z alone" },
  },
  {
    fact: "two hot models leave the third one instance",
    nodes: [
      { ...founder, models: ["x", "y", "z"], serves: "x", demand: { x: 4 } },
      { name: "b", memory: 15, disk: { y: 10 }, models: ["y"], serves: "y", demand: { y: 8 } },
      { name: "c", memory: 15, disk: { x: 10, y: 10, z: 10 }, serves: "z" },
      { name: "d", memory: 15, disk: { x: 10, y: 10, z: 10 }, serves: "z" },
    ],
    expected: { a: "x alone", b: "y alone", c: "z alone", d: "y alone" },
  },
];

for (const row of rows) {
  for (const together of [true, false]) {
    Deno.test(`a mesh: ${row.fact}${together ? "" : ", one after the other"}`, () => {
      const { catalog = [], nodes } = row;
      const { plans, rounds, moves } = play(nodes.map(memberOf), { catalog, together });
      assert.notEqual(rounds, undefined, `never comes to rest: ${moves.slice(-12).join(", ")}`);
      const got = Object.fromEntries([...plans].map(([name, plan]) => [name, workOf(plan)]));
      if (together) assert.deepEqual(got, row.expected, moves.join(", "));
      // The node that comes first may do another's part: as much is served all the same.
      else assert.deepEqual(servedOf(got), servedOf(row.expected), moves.join(", "));
    });
  }
}

function servedOf(words: Readonly<Record<string, string>>): string[] {
  return Object.values(words).filter((word) => /alone|host|worker/.test(word)).sort();
}

Deno.test("a mesh: a replica that was gained while its model was hot is given up when it is cold", () => {
  const hot = memberOf({ name: "a", memory: 15, disk: { x: 10 }, models: ["x"], serves: "x" });
  const gained = memberOf({ name: "b", memory: 15, disk: { x: 10 }, serves: "x" });
  const claim = { model: "x", reason: "hot" } as const;
  for (const [inFlight, expected] of [[4, "x alone"], [1, "-"]] as const) {
    const members = [{ ...hot, demand: { x: inFlight } }, { ...gained, claims: [claim] }];
    const { plans, moves } = play(members);
    assert.equal(workOf(plans.get("b")), expected, moves.join(", "));
  }
});

Deno.test("a mesh: a replica that was gained for one hot model is not taken for another", () => {
  const disk = { x: 10, y: 10 };
  const nodes = [
    { ...founder, models: ["x", "y"], serves: "x", demand: { x: 4 } },
    { name: "b", memory: 15, disk: { y: 10 }, models: ["y"], serves: "y" },
    { name: "c", memory: 15, disk, serves: "y", demand: { y: 1 } },
  ].map(memberOf);
  for (const [reason, expected] of [["spare", "x alone"], ["hot", "y alone"]] as const) {
    const claim = { model: "y", reason };
    const { plans, moves } = play(
      nodes.map((one) => one.peer === "c" ? { ...one, claims: [claim] } : one),
      {
        mayCool: false,
      },
    );
    assert.equal(workOf(plans.get("c")), expected, moves.join(", "));
  }
});

Deno.test("a mesh: of two that would go to a hot model, the higher PeerId does", () => {
  const claim = { model: "x", reason: "hot" } as const;
  const nodes = [
    { ...founder, models: ["x", "y"], serves: "x", demand: { x: 4 } },
    { name: "b", memory: 15, disk: { y: 10 }, models: ["y"], serves: "y" },
    ...all(3, { memory: 15, disk: { x: 10, y: 10 }, serves: "y" }),
  ].map(memberOf);
  const { plans, moves } = play(
    nodes.map((one) => /n[01]/.test(one.peer) ? { ...one, claims: [claim] } : one),
  );
  const words = ["n0", "n1", "n2"].map((name) => workOf(plans.get(name)));
  assert.deepEqual(words, ["y alone", "x alone", "y alone"], moves.join(", "));
});

const anyNode = fc.record({
  disk: fc.subarray(["x", "y", "z"]),
  memory: fc.constantFrom(5, 15),
  demand: fc.dictionary(fc.constantFrom("x", "y", "z"), fc.constantFrom(0.25, 1, 4, 8, 16)),
});

Deno.test("a mesh: whatever is asked for, it comes to rest, and nothing that was served is lost", () => {
  const anyFleet = fc.array(anyNode, { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(anyFleet, fc.boolean(), (drawn, together) => {
      const nodes = drawn.map(({ disk, memory, demand }, index): FleetNode => {
        const files = Object.fromEntries(disk.map((name) => [name, 10]));
        const serves = memory < 10 ? undefined : disk[index % 2] ?? disk[0];
        return {
          name: `n${index}`,
          memory,
          demand,
          disk: files,
          ...(serves === undefined ? {} : { serves }),
        };
      });
      const wanting = { name: "a", memory: 1, disk: {}, models: ["w", "x", "y", "z"] };
      const { members, rounds, moves } = play([wanting, ...nodes].map(memberOf), { together });
      assert.notEqual(rounds, undefined, `never comes to rest: ${moves.slice(-12).join(", ")}`);
      const served = new Set(
        members.flatMap(({ instances }) => instances.map(({ model }) => model.name)),
      );
      for (const { serves = [] } of nodes) {
        for (const name of [serves].flat()) assert.ok(served.has(name));
      }
    }),
    draws(100),
  );
});
