import assert from "node:assert/strict";
import { decide } from "../../../src/node/plan/decide.ts";
import { whyUnused } from "../../../src/node/plan/proportions.ts";
import type { View } from "../../../src/node/plan/view.ts";
import { BIG, instance, member, type MemberOptions, planOf, SMALL, view } from "../members.ts";

const big: MemberOptions = { holds: [BIG], targets: [BIG] };
const small: MemberOptions = { holds: [SMALL], targets: [SMALL] };
const alone = "this machine holds the model alone; --split shares it";

const ROWS: readonly (readonly [fact: string, View, why: string | undefined])[] = [
  ["nothing is said where nothing was given", view(member("a", 60, small), []), undefined],
  [
    "a model that is served alone",
    view(member("a", 60, { ...small, tensorSplit: [3, 1] }), []),
    alone,
  ],
  [
    "a forced split that waits for its second machine",
    view(member("a", 60, { ...small, tensorSplit: [3, 1], split: true }), []),
    undefined,
  ],
  [
    "numbers that count",
    view(member("b", 60, { ...big, tensorSplit: [3, 1] }), [member("a", 50, big)]),
    undefined,
  ],
  [
    "too many numbers",
    view(member("b", 60, { ...big, tensorSplit: [3, 1, 1] }), [member("a", 50, big)]),
    "it names 3 machines, and 2 share the model",
  ],
  [
    "machines that lack memory",
    view(member("c", 60, { ...big, tensorSplit: [3, 1] }), [
      member("a", 20, big),
      member("b", 20, big),
    ]),
    "it names 2 machines, and 3 share the model",
  ],
  [
    "a share of 0 that can not be",
    view(member("b", 60, { ...big, tensorSplit: [0, 1] }), [member("a", 50, big)]),
    "the machines that it names have too little memory",
  ],
  [
    "a worker whose numbers its host has taken",
    view(member("a", 50, { ...big, tensorSplit: [1, 1] }), [
      member("b", 60, { ...big, instances: [instance(BIG, "loading", ["a"], 2)] }),
    ]),
    undefined,
  ],
  [
    "a worker whose host has numbers of its own",
    view(member("a", 50, { ...big, tensorSplit: [3, 1] }), [
      member("b", 60, {
        ...big,
        tensorSplit: [1, 1],
        instances: [instance(BIG, "loading", ["a"], 2)],
      }),
    ]),
    "another machine of the model gives others, which come first",
  ],
];

for (const [fact, seen, why] of ROWS) {
  Deno.test(`whyUnused(): ${fact}`, () => {
    const pinned = seen.self.targets;
    const options = { pinned, catalog: [], mayCool: () => false, rested: new Set<string>() };
    const plan = planOf(decide(seen, options));
    assert.equal(whyUnused(plan, seen), why, JSON.stringify(plan));
  });
}
