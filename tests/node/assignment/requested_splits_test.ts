/** Models that fit only several machines together, and what takes a place of what. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Instance, ModelRef } from "../../../src/mesh/mod.ts";
import { assignAll } from "../../../src/node/plan/assignment/assign.ts";
import { takeStock } from "../../../src/node/plan/assignment/stock.ts";
import { MAX_STANDBY_HELPERS } from "../../../src/node/plan/defaults.ts";
import { decide } from "../../../src/node/plan/decide.ts";
import { modelToRequest } from "../../../src/node/plan/load_requests.ts";
import { byPeer, everyone, type Member } from "../../../src/node/plan/view.ts";
import { draws } from "../drawn_meshes.ts";
import { instance, member, type MemberOptions, peer, view } from "../members.ts";

const NEEDS: Readonly<Record<string, number>> = { large: 100, other: 100, small: 50, tiny: 30 };
const NAMES = Object.keys(NEEDS);

function ref(name: string): ModelRef {
  return { name, fingerprint: name.padEnd(64, "0") };
}

/** A machine of 60 with all models on its disk. */
function machine(name: string, more: MemberOptions & { readonly memory?: number } = {}): Member {
  const { memory = 60, ...options } = more;
  const models = NAMES.map((one) => ({ ...ref(one), sizeBytes: 1, needBytes: NEEDS[one]! }));
  return member(name, memory, { models, assignable: true, ...options });
}

/** Asked for in this minute. */
function runs(name: string, minute = 0, workers: readonly string[] = []): Instance {
  const one = instance(ref(name), "warm", workers);
  return { ...one, needBytes: NEEDS[name]!, askedAtMs: minute * 60_000 };
}

function holding(name: string, bytes = NEEDS[name]!): MemberOptions["reservations"] {
  return [{ model: ref(name), devices: [{ name: "CPU", bytes }] }];
}

/** It serves this alone. */
function serving(name: string, minute = 0): MemberOptions {
  return { instances: [runs(name, minute)], targets: [ref(name)], reservations: holding(name)! };
}

/** Two machines that serve a large model together, which is asked for no more. */
function pair(name = "large", more: readonly MemberOptions[] = []): [Member, Member] {
  const both = { targets: [ref(name)], reservations: holding(name, 50)! };
  const obeys = [{ host: peer("a"), term: 1, ready: true, model: ref(name) }];
  return [
    machine("a", { ...both, instances: [runs(name, 1, ["b"])], ...more[0] }),
    machine("b", { ...both, obeys, ...more[1] }),
  ];
}

function caller(...wanted: readonly string[]): Member {
  return member("z", 0, { wanted, asked: wanted });
}

const SOON = { pinned: [], catalog: [], mayCool: () => true, rested: new Set<string>() };

/** The next steps of every machine, in words. */
function next(members: readonly Member[], { hasTurn = false, gaps = {} } = {}): string[] {
  const options = {
    ...SOON,
    hasHadTurn: () => !hasTurn,
    gapsMs: new Map<string, number>(Object.entries(gaps)),
  };
  return members.filter(({ memoryBytes }) => memoryBytes > 0).flatMap((self) => {
    const others = members.filter((other) => other !== self);
    const pinned = self.assignable
      ? []
      : self.targets.filter(({ name }) => !self.claims.some(({ model }) => model === name));
    const { works, yielded, turns } = decide(view(self, others), { ...options, pinned });
    return [
      ...works.map(({ plan }) => `${self.peer} ${plan.kind} ${"model" in plan && plan.model.name}`),
      ...yielded.map(({ name }) => `${self.peer} ends ${name}`),
      ...turns.map((name) => `${self.peer} later ${name}`),
    ];
  });
}

/** A machine whose user wants this of it. */
const WANTS_LARGE: MemberOptions = { assignable: false, wanted: ["large"] };
const ONLY_LARGE = { models: [{ ...ref("large"), sizeBytes: 1, needBytes: 100 }] };
const ONLY_SMALL = { models: [{ ...ref("small"), sizeBytes: 1, needBytes: 50 }] };

const TABLE: readonly [
  fact: string,
  members: readonly Member[],
  expected: readonly string[],
  how?: Parameters<typeof next>[1],
][] = [
  ["a split forms for a request", [machine("a"), machine("b"), caller("large")], [
    "a waiting large",
    "b waiting large",
  ]],
  ["the host of a split that nobody wants ends it for another model", [
    ...pair("large", [{}, { models: [] }]),
    caller("small"),
  ], ["a solo small", "a ends large", "a later small", "b worker large"]],
  ["... also for one that only its worker has, which waits until it is over", [
    ...pair("large", [ONLY_LARGE, ONLY_SMALL]),
    caller("small"),
  ], ["a ends large", "b worker large", "b later small"]],
  [
    "... but not before it has had its turn",
    [
      ...pair("large", [{}, ONLY_SMALL]),
      caller("small"),
    ],
    ["a host large", "a later small", "b worker large", "b later small"],
    { hasTurn: true },
  ],
  ["a split that is wanted stays", [...pair(), caller("small", "large")], [
    "a host large",
    "b worker large",
  ]],
  ["... as does one of which another machine ends a replica of its own", [
    ...pair("large", [ONLY_LARGE, ONLY_LARGE]),
    machine("c", { memory: 100, ...serving("large") }),
    caller("small"),
  ], ["a host large", "b worker large", "c solo small", "c ends large", "c later small"]],
  ["a split that the user of its host wants stays", [
    ...pair("large", [WANTS_LARGE]),
    caller("small"),
  ], [
    "a host large",
    "b worker large",
  ]],
  ["... or the user of its worker", [...pair("large", [{}, WANTS_LARGE]), caller("small")], [
    "a host large",
    "b worker large",
  ]],
  ["a split with a worker of an earlier version stays", [
    ...pair("large", [{}, { reservations: [] }]),
    caller("small"),
  ], ["a host large", "b worker large"]],
  ["two models end on two machines for a split", [
    machine("a", serving("small")),
    machine("b", serving("small")),
    caller("large"),
  ], ["a waiting large", "a ends small", "b waiting large", "b ends small"]],
  ["... of three machines those that have been idle longest", [
    machine("a", serving("small", 3)),
    machine("b", serving("small", 1)),
    machine("c", serving("small", 2)),
    caller("large"),
  ], [
    "a solo small",
    "a waiting large",
    "b waiting large",
    "b ends small",
    "c waiting large",
    "c ends small",
  ]],
  ["... and no more than have to", [
    machine("a", serving("small", 1)),
    machine("b"),
    machine("c", serving("small", 2)),
    caller("large"),
  ], ["a waiting large", "a ends small", "b waiting large", "c solo small"]],
  [
    "those that have their turn end after it",
    [
      machine("a", serving("small")),
      machine("b", serving("tiny")),
      caller("large"),
    ],
    ["a solo small", "a later large", "b solo tiny", "b later large"],
    { hasTurn: true },
  ],
  ["a split takes the place of another one", [...pair("other"), caller("large")], [
    "a waiting large",
    "a ends other",
    "b worker other",
    "b later large",
  ]],
  ["what is ending has no place", [
    machine("a", { reservations: holding("small")! }),
    machine("b"),
    caller("large"),
  ], ["a waiting large", "b waiting large"]],
  [
    "who has waited longer for a split gets it before a small model",
    [
      machine("a"),
      machine("b"),
      caller("large", "small"),
    ],
    ["a waiting large", "a later small", "b waiting large", "b later small"],
    {
      gaps: { large: 5_000, small: 1_000 },
    },
  ],
  [
    "... and after it where that has waited longer",
    [
      machine("a"),
      machine("b"),
      caller("large", "small"),
    ],
    ["a solo small", "b solo small", "b later large"],
    { gaps: { large: 1_000, small: 5_000 } },
  ],
  ["one that others are at comes first", [
    machine("a", { instances: [instance(ref("large"), "waiting")], targets: [ref("large")] }),
    machine("b"),
    caller("large", "small"),
  ], ["a waiting large", "a later small", "b host large", "b later small"]],
];

for (const [fact, members, expected, how] of TABLE) {
  Deno.test(`requested splits: ${fact}`, () => {
    assert.deepEqual(next(members, how), expected);
  });
}

Deno.test("modelToRequest() asks several machines for what none holds alone", () => {
  const [a, b] = [machine("a"), machine("b")];
  const far = { rttsMs: { b: 81 } };
  const rows: [string, readonly Member[], string | undefined][] = [
    ["alone", [a], undefined],
    ["together", [a, b], "large"],
    ["they serve something else", [machine("a", serving("small")), b], "large"],
    ["they serve a split that nobody insists on", pair("other"), "large"],
    ["a user insists on it", pair("other", [{ assignable: false, wanted: ["other"] }]), undefined],
    ["too far apart", [machine("a", far), b], undefined],
    ["another protocol", [a, machine("b", { rpcProtocol: "7.0.0" })], undefined],
    ["one has dropped it", [a, machine("b", { dropped: ["large"] })], undefined],
    ["no request loads on one", [a, {
      ...b,
      machine: { ...b.machine, loadsOnRequest: false },
    }], undefined],
    ["one is kept for its user", [
      a,
      machine("b", { ...serving("small"), assignable: false }),
    ], undefined],
  ];
  for (const [row, members, expected] of rows) {
    assert.equal(modelToRequest("LARGE", members), expected, row);
    assert.equal(
      modelToRequest("large", members, { granted: ["small"] }),
      undefined,
      `${row}: by its key`,
    );
  }
});

const anyMachine = fc.record({
  memory: fc.integer({ min: 20, max: 90 }),
  serves: fc.constantFrom(null, "small", "tiny"),
  isPinned: fc.boolean(),
  minute: fc.nat(3),
});

Deno.test("requested splits: as little ends as makes room, and nothing that a user wants", () => {
  fc.assert(
    fc.property(fc.array(anyMachine, { minLength: 1, maxLength: 6 }), (drawn) => {
      const machines = drawn.map(({ memory, serves, isPinned, minute }, index) => {
        const name = serves !== null && NEEDS[serves]! <= memory ? serves : null;
        if (name === null) return machine(`m${index}`, { memory });
        const wants = isPinned ? { assignable: false, wanted: [] } : {};
        return machine(`m${index}`, { memory, ...serving(name, minute), ...wants });
      });
      const all = everyone(view(caller("large"), machines)).toSorted(byPeer);
      const stock = takeStock(all);
      const { assignments } = assignAll(stock, []);
      const team = machines.filter(({ peer }) =>
        assignments.get(peer)?.some(({ name }) => name === "large")
      );
      const instead = team.flatMap(({ peer }) =>
        assignments.get(peer)?.flatMap((one) => one.instead) ?? []
      );
      const free = (one: Member) => stock.memory.get(one.peer)!.free.memoryBytes;
      const sum = (list: readonly number[]) => list.reduce((total, number) => total + number, 0);
      const spare = (one: Member) =>
        one.assignable ? sum(one.instances.map(({ needBytes }) => needBytes)) : 0;
      assert.ok(instead.length <= sum(team.map(({ instances }) => instances.length)));
      for (const one of team.filter(({ assignable }) => !assignable)) {
        assert.deepEqual(assignments.get(one.peer)?.flatMap((given) => given.instead), []);
      }
      const most = machines.map((one) => free(one) + spare(one));
      // A machine is not disturbed for a crumb.
      const counted = sum(most.filter((bytes) => bytes * MAX_STANDBY_HELPERS >= NEEDS.large!));
      if (counted >= NEEDS.large!) assert.ok(team.length > 0, `${most}`);
      if (team.length > 0) assert.ok(sum(most) >= NEEDS.large!, `${most}`);
      const left = sum(team.map(free)) + sum(instead.map(({ name }) => NEEDS[name]!));
      for (const { name } of instead) assert.ok(left - NEEDS[name]! < NEEDS.large!, name);
    }),
    draws(100),
  );
});
