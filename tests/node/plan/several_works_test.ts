/** The decisions of one node that may do several things. */

import assert from "node:assert/strict";
import type { ModelRef } from "../../../src/mesh/mod.ts";
import { MAX_WORKS } from "../../../src/node/plan/defaults.ts";
import { decide } from "../../../src/node/plan/decide.ts";
import type { TargetOptions } from "../../../src/node/plan/target.ts";
import type { Member, View } from "../../../src/node/plan/view.ts";
import { instance as anyInstance, member, type MemberOptions, peer, view } from "../members.ts";

/** Each takes ten times its number. */
const refs = [1, 2, 3, 4, 6, 9].map((size): ModelRef => ({
  name: `m${size}`,
  fingerprint: `${size}`.repeat(64),
}));
const [ONE, TWO, THREE, FOUR, SIX, NINE] = refs as [
  ModelRef,
  ModelRef,
  ModelRef,
  ModelRef,
  ModelRef,
  ModelRef,
];

function needOf({ name }: ModelRef): number {
  return 10 * Number(name.slice(1));
}

function instance(...[model, ...rest]: Parameters<typeof anyInstance>) {
  const needBytes = needOf(model);
  return { ...anyInstance(model, ...rest), needBytes, haveBytes: needBytes };
}

/** A member that has all of these models on its disk. */
function node(
  name: string,
  memory: number,
  holds: readonly ModelRef[],
  options: MemberOptions = {},
) {
  const models = holds.map((model) => ({ ...model, sizeBytes: 1, needBytes: needOf(model) }));
  return { ...member(name, memory, options), models } as Member;
}

/** Such as `m1 alone`, with `!` for what is pinned and `?` for what it claims. */
function words({ self, others, rttsMs }: View, options: Partial<TargetOptions>): string[] {
  const pinned = options.pinned ?? [];
  const seen = { self: { ...self, assignable: pinned.length === 0 }, others, rttsMs };
  const { works } = decide(seen, {
    pinned,
    catalog: [],
    mayCool: () => true,
    rested: new Set(),
    ...options,
  });
  return works.map(({ plan, pinned, claim }) => {
    const name = "model" in plan ? plan.model.name : plan.kind === "download" ? plan.name : "";
    return `${name} ${plan.kind}${pinned ? "!" : ""}${claim === null ? "" : "?"}`;
  });
}

interface Row {
  readonly fact: string;
  readonly view: View;
  readonly pinned?: readonly ModelRef[];
  readonly expected: readonly string[];
}

const warm = (...models: ModelRef[]) => ({
  instances: models.map((model) => instance(model, "warm")),
  targets: models,
});
const wants = (...models: ModelRef[]) => ({ wanted: models.map(({ name }) => name) });

const ROWS: readonly Row[] = [
  {
    fact: "all that its user named is served, in the user's order",
    view: view(node("a", 100, refs), []),
    pinned: [THREE, ONE, TWO],
    expected: ["m3 solo!", "m1 solo!", "m2 solo!"],
  },
  {
    fact:
      "a model that does not fit beside those before it is left out, and a later one that does is served",
    view: view(node("a", 75, refs), []),
    pinned: [SIX, THREE, ONE],
    expected: ["m6 solo!", "m1 solo!"],
  },
  {
    fact: "the first is served to the last byte",
    view: view(node("a", 60, refs), []),
    pinned: [SIX, ONE],
    expected: ["m6 solo!"],
  },
  {
    fact: "only the first waits for memory, and what fits is served meanwhile",
    view: view(node("a", 50, refs), []),
    pinned: [NINE, SIX, ONE],
    expected: ["m9 waiting!", "m1 solo!"],
  },
  {
    fact: "a new choice of the user goes before what runs, and takes its memory where it has to",
    view: view(node("a", 75, refs, warm(TWO, ONE)), []),
    pinned: [SIX, TWO, ONE],
    expected: ["m6 solo!", "m1 solo!"],
  },
  {
    fact: "a new choice of the user takes the memory of what the mesh has given it",
    view: view(
      node("a", 40, refs, { ...warm(TWO), claims: [{ model: "m2", reason: "unserved" }] }),
      [],
    ),
    pinned: [THREE],
    expected: ["m3 solo!"],
  },
  {
    fact: "... and leaves it alone where there is room for both",
    view: view(
      node("a", 50, refs, { ...warm(TWO), claims: [{ model: "m2", reason: "unserved" }] }),
      [],
    ),
    pinned: [THREE],
    expected: ["m3 solo!", "m2 solo?"],
  },
  {
    fact: "a free node goes on with all that it serves",
    view: view(node("a", 100, refs, warm(TWO, ONE)), []),
    expected: ["m2 solo", "m1 solo"],
  },
  {
    fact: "a share of a split and a solo model are kept side by side",
    view: view(node("a", 60, [ONE], { targets: [FOUR, ONE], instances: [instance(ONE, "warm")] }), [
      node("b", 30, [FOUR], {
        targets: [FOUR],
        instances: [instance(FOUR, "warm", ["a"], 3)],
      }),
    ]),
    expected: ["m4 worker", "m1 solo"],
  },
  {
    fact: "a share that does not fit beside what its user chose is given up",
    view: view(node("a", 60, [SIX, ONE], { targets: [FOUR], ...wants(SIX) }), [
      node("b", 30, [FOUR], {
        targets: [FOUR],
        instances: [instance(FOUR, "warm", ["a"], 3)],
      }),
    ]),
    pinned: [SIX],
    expected: ["m6 solo!"],
  },
  {
    fact: "a host of a split serves a solo model beside it",
    view: view(
      node("a", 50, [SIX, ONE], {
        targets: [SIX, ONE],
        instances: [instance(SIX, "warm", ["b"], 3), instance(ONE, "warm")],
      }),
      [node("b", 40, [SIX], {
        targets: [SIX],
        obeys: [{ host: peer("a"), term: 3, ready: true }],
      })],
    ),
    pinned: [SIX],
    expected: ["m6 host!", "m1 solo"],
  },
  {
    fact: "its user's second split is followed as well until its host assigns a share",
    view: view(node("a", 100, [ONE, TWO], { split: true }), [
      node("b", 200, [ONE, TWO], { ...warm(ONE, TWO), split: true, assignable: false }),
    ]),
    pinned: [ONE, TWO],
    expected: ["m1 follow!", "m2 follow!"],
  },
  {
    fact: "... but not where the first leaves no memory for that share",
    view: view(node("a", 12, [ONE, TWO], { split: true }), [
      node("b", 200, [ONE, TWO], {
        split: true,
        assignable: false,
        targets: [ONE, TWO],
        instances: [instance(ONE, "warm", ["a"], 2), instance(TWO, "warm", ["a"], 3)],
      }),
    ]),
    pinned: [ONE, TWO],
    expected: ["m1 worker!"],
  },
  {
    fact: "a worker has a share of two splits of one host",
    view: view(
      node("a", 40, [ONE, TWO], { targets: [ONE, TWO] }),
      [node("b", 90, [ONE, TWO], {
        split: true,
        targets: [ONE, TWO],
        instances: [instance(ONE, "warm", ["a"], 1), instance(TWO, "loading", ["a"], 1)],
      })],
    ),
    pinned: [ONE, TWO],
    expected: ["m1 worker!", "m2 worker!"],
  },
  {
    fact: "what its user has dropped is over, and the others stay",
    view: view(node("a", 100, refs, { ...warm(TWO, ONE), refuses: ["m2"] }), []),
    expected: ["m1 solo"],
  },
  {
    fact: "a free node takes what nobody serves",
    view: view(node("a", 100, [ONE]), [node("b", 10, [], wants(ONE))]),
    expected: ["m1 solo?"],
  },
];

for (const { fact, view, pinned = [], expected } of ROWS) {
  Deno.test(`decide(): ${fact}`, () => assert.deepEqual(words(view, { pinned }), expected));
}

/** The first has more memory, and less that is free for the split: which of its two models comes first is its own matter. */
const TWO_HOSTS: readonly (readonly ["loading" | "warm", "loading" | "warm", string])[] = [
  ["loading", "loading", "a"],
  ["loading", "warm", "b"],
  ["warm", "loading", "a"],
  ["warm", "warm", "a"],
];

Deno.test("decide(): of two hosts with a split of one model over one worker, all three see the same one", () => {
  for (const [stateOfA, stateOfB, expected] of TWO_HOSTS) {
    const split = (state: "loading" | "warm") => instance(NINE, state, ["w"]);
    const members = [
      node("a", 60, [NINE, ONE], {
        targets: [NINE, ONE],
        instances: [split(stateOfA), instance(ONE, "warm")],
      }),
      node("b", 55, [NINE], { targets: [NINE], instances: [split(stateOfB)] }),
      node("w", 70, [], { targets: [NINE] }),
    ];
    const seen = members.map((self) => {
      const others = members.filter((one) => one !== self);
      const { works } = decide(view(self, others), {
        pinned: self.models.map(({ name, fingerprint }) => ({ name, fingerprint })),
        catalog: [],
        mayCool: () => true,
        rested: new Set(),
      });
      const plan = works.map(({ plan }) => plan).find((plan) =>
        "model" in plan && plan.model.name === NINE.name
      );
      return plan?.kind === "host" ? self.peer : plan && "host" in plan ? plan.host : plan?.kind;
    });
    assert.deepEqual(seen, [expected, expected, expected], `${stateOfA} and ${stateOfB}`);
  }
});

Deno.test("decide(): no order of what a user names holds more than is offered", () => {
  for (let memory = 5; memory <= 160; memory += 5) {
    for (let turn = 0; turn < refs.length; turn++) {
      const pinned = [...refs.slice(turn), ...refs.slice(0, turn)];
      const seen = view({ ...node("a", memory, refs), assignable: false }, []);
      const { works } = decide(seen, {
        pinned,
        catalog: [],
        mayCool: () => true,
        rested: new Set(),
      });
      const held = works.map(({ plan }) => plan.kind === "solo" ? plan.needBytes : 0);
      const total = held.reduce((sum, bytes) => sum + bytes, 0);
      assert.ok(total <= memory, `${total} of ${memory}`);
      const left = pinned.filter((model) =>
        !works.some(({ plan }) => plan.kind === "solo" && plan.model === model)
      );
      for (const model of left) assert.ok(total + needOf(model) > memory, `${model.name} fits`);
    }
  }
});

Deno.test("a node takes no more models than it can announce", () => {
  const many = Array.from({ length: 40 }, (_, index): ModelRef => ({
    name: `m0${index}`,
    fingerprint: `${index}`.padStart(64, "0"),
  }));
  const self = {
    ...member("a", 100, {}),
    models: many.map((model) => ({ ...model, sizeBytes: 1, needBytes: 1 })),
  } as Member;
  const { works } = decide(view(self, []), {
    pinned: many,
    catalog: [],
    mayCool: () => false,
    rested: new Set(),
  });
  assert.deepEqual(works.map(({ plan }) => "model" in plan && plan.model.name), [
    ...many.slice(0, MAX_WORKS).map(({ name }) => name),
  ]);
});
