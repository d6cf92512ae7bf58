/** Plans count the memory that other models leave free. BIG needs 100, SMALL 10; machines have main memory. */

import assert from "node:assert/strict";
import type { Instance, ModelRef } from "../../../src/mesh/mod.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import { settle, undecided } from "../../../src/node/plan/settle.ts";
import { splitPlan } from "../../../src/node/plan/split_plan.ts";
import type { Member } from "../../../src/node/plan/view.ts";
import { BIG, instance, member, type MemberOptions, peer, SMALL, view } from "../members.ts";

const OTHER: ModelRef = { name: "other", fingerprint: "d".repeat(64) };

/** It wants BIG and holds it, and serves this much of another model as well. */
function node(
  name: string,
  memory: number,
  held = 0,
  { instances = [], ...rest }: MemberOptions = {},
): Member {
  return member(name, memory, {
    holds: [BIG],
    targets: [BIG, OTHER],
    assignable: true,
    instances: [...instances, ...(held === 0 ? [] : [other(held)])],
    ...rest,
  });
}

function other(needBytes: number, state: Instance["state"] = "warm"): Instance {
  return { ...instance(OTHER, state), needBytes };
}

/** BIG over these, with a share each. */
function split(
  shares: Readonly<Record<string, number>>,
  hostShare: number,
  state: Instance["state"] = "warm",
): Instance {
  const workers = Object.entries(shares).map(([name, share]) => ({ peer: peer(name), share }));
  return { ...instance(BIG, state, Object.keys(shares)), hostShare, workers, haveBytes: 120 };
}

function wordsOf(plan: Plan): string {
  switch (plan.kind) {
    case "host":
      return [
        "host",
        plan.hostShare.toFixed(2),
        ...plan.workers.map(({ peer, share }) => `${peer} ${share.toFixed(2)}`),
      ].join(" ");
    case "worker":
    case "follow":
      return `${plan.kind} ${plan.host}`;
    case "waiting":
      return `waiting ${plan.haveBytes}`;
    default:
      return plan.kind;
  }
}

/** The plan of the first for BIG. */
const ROWS: readonly (readonly [what: string, members: readonly Member[], expected: string])[] = [
  ["it is alone and has room", [node("a", 120)], "solo"],
  ["it has room beside another model", [node("a", 120, 20)], "solo"],
  ["it has not, to the byte", [node("a", 120, 21)], "waiting 99"],
  ["with another machine it has", [node("a", 120, 30), node("b", 50)], "host 0.64 b 0.36"],
  [
    "the other one has the most that is free",
    [node("a", 120, 80), node("b", 70)],
    "follow b",
  ],
  [
    "the other one offers more, and has less of it free",
    [node("a", 60), node("b", 200, 150)],
    "host 0.55 b 0.45",
  ],
  ["both are taken by other models", [node("a", 120, 70), node("b", 120, 80)], "waiting 90"],
  [
    "a machine that is full lends nothing",
    [node("a", 90), node("b", 50, 50), node("c", 50)],
    "host 0.64 c 0.36",
  ],
  [
    "a machine that works for another host lends the rest",
    [
      node("a", 70),
      node("b", 60),
      member("z", 9, { instances: [{ ...split({ b: 0.2 }, 0.8), model: OTHER }] }),
    ],
    "host 0.64 b 0.36",
  ],
  [
    "of two hosts that plan on one machine at the same moment the lower name has it",
    [
      node("a", 70, 0, { instances: [split({ b: 0.45 }, 0.55, "loading")] }),
      node("b", 60),
      member("z", 9, { instances: [{ ...split({ b: 0.5 }, 0.5, "loading"), model: OTHER }] }),
    ],
    "host 0.55 b 0.45",
  ],
  [
    "... and the other gives way",
    [
      node("a", 70, 0, { instances: [split({ b: 0.45 }, 0.55, "loading")] }),
      node("b", 60),
      member("z", 9, {
        instances: [{ ...split({ b: 0.5 }, 0.5), model: { ...OTHER, name: "a" } }],
      }),
    ].map((one) => ({ ...one, targets: [...one.targets, { ...OTHER, name: "a" }] })),
    "waiting 80",
  ],
  [
    "a split that runs stays as it is beside a model that came later",
    [
      node("a", 70, 10, { instances: [split({ b: 0.45 }, 0.55)] }),
      node("b", 60, 10),
    ],
    "host 0.55 b 0.45",
  ],
  [
    "its host stays, though another has more that is free now",
    [
      node("a", 70, 15, { instances: [split({ b: 0.45 }, 0.55)] }),
      node("b", 60),
    ],
    "host 0.55 b 0.45",
  ],
  [
    "... as its worker sees it",
    [
      node("b", 60),
      node("a", 70, 15, { instances: [split({ b: 0.45 }, 0.55)] }),
    ],
    "worker a",
  ],
  [
    "it is planned anew where somebody of a higher right takes its memory",
    [
      node("a", 70, 0, { instances: [split({ b: 0.5 }, 0.5)] }),
      node("b", 60, 30, { assignable: false, targets: [OTHER, BIG] }),
      node("c", 60),
    ],
    "host 0.70 b 0.30",
  ],
  [
    "a worker without room obeys nobody",
    [
      node("b", 60, 30, { assignable: false, targets: [OTHER, BIG] }),
      node("a", 70, 0, { instances: [split({ b: 0.5 }, 0.5)] }),
    ],
    "follow a",
  ],
  [
    "a forced split keeps its shares beside another model",
    [
      node("a", 200, 0, { split: true, instances: [split({ b: 0.5 }, 0.5)] }),
      node("b", 190, 50),
    ],
    "host 0.50 b 0.50",
  ],
  [
    "... and is planned by what is free where it is new",
    [node("a", 200, 0, { split: true }), node("b", 190, 90)],
    "host 0.67 b 0.33",
  ],
  [
    "... and its host stays, whatever is free",
    [
      node("b", 100, 0, { split: true }),
      node("a", 200, 150, { instances: [split({ b: 0.5 }, 0.5)] }),
    ],
    "worker a",
  ],
  [
    "a user's shares count while there is room for them",
    [node("a", 120, 30, { tensorSplit: [3, 1] }), node("b", 50)],
    "host 0.75 b 0.25",
  ],
  [
    "... and not where another model has the memory",
    [node("a", 120, 50, { tensorSplit: [3, 1] }), node("b", 50)],
    "host 0.58 b 0.42",
  ],
];

for (const [what, [self, ...others], expected] of ROWS) {
  Deno.test(`splitPlan(): ${what}`, () => {
    assert.equal(wordsOf(splitPlan(view(self!, others), BIG)), expected);
  });
}

Deno.test("a node plans its models one after the other, each with what those before it left", () => {
  const self = member("a", 120, { holds: [BIG, SMALL], targets: [SMALL, BIG], assignable: true });
  const plans = (order: readonly ModelRef[], memory: number) => {
    let open = undecided(view({ ...self, memoryBytes: memory }, []));
    return order.map((model) => {
      const plan = splitPlan(open, model);
      open = settle(open, plan);
      return wordsOf(plan);
    });
  };
  assert.deepEqual(plans([BIG, SMALL], 110), ["solo", "solo"]);
  assert.deepEqual(plans([BIG, SMALL], 109), ["solo", "waiting 9"]);
  assert.deepEqual(plans([SMALL, BIG], 109), ["solo", "waiting 99"]);
});

Deno.test("a model that its user wants first has the memory of one that runs", () => {
  const instances = [instance(SMALL, "warm")];
  const self = member("a", 105, { holds: [BIG, SMALL], targets: [BIG, SMALL], instances });
  const open = undecided(view(self, []));
  const first = splitPlan(open, BIG);
  assert.equal(first.kind, "solo");
  assert.equal(splitPlan(settle(open, first), SMALL).kind, "waiting");
});
