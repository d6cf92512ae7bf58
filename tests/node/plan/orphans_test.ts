import assert from "node:assert/strict";
import { MAX_ORPHANS, MAX_ORPHANS_A_PEER } from "../../../src/node/plan/defaults.ts";
import { declareLost, NO_ORPHANS } from "../../../src/node/plan/orphans.ts";
import type { Member } from "../../../src/node/plan/view.ts";
import { instance, member, SMALL } from "../members.ts";

const HOUR = 3_600_000;
const a = member("a", 60, { wanted: ["big"] });
const b = member("b", 60, { instances: [instance(SMALL, "warm")] });
const c = member("c", 60);

function orphansAfter(
  ...looks: (readonly [nowMs: number, members: readonly Member[]])[]
): string[] {
  const last = looks.reduce(
    (state, [nowMs, members]) => declareLost(state, members, nowMs),
    NO_ORPHANS,
  );
  return [...last.orphans.keys()].sort();
}

Deno.test("declareLost() keeps what a node that is gone served or wanted", () => {
  assert.deepEqual(orphansAfter([0, [a, b, c]], [1, [c]]), ["big", "small"]);
});

Deno.test("declareLost() leaves alone what others still serve or want", () => {
  const alsoWants = member("c", 60, { wanted: ["big", "small"] });
  assert.deepEqual(orphansAfter([0, [a, b, alsoWants]], [1, [alsoWants]]), []);
});

Deno.test("declareLost() leaves alone what was loaded for a request alone", () => {
  const claims = [{ model: "small", reason: "unserved" as const }];
  const claiming = { ...b, claims };
  const wanting = member("d", 60, { wanted: ["small"] });
  assert.deepEqual(orphansAfter([0, [claiming, c]], [1, [c]]), []);
  assert.deepEqual(orphansAfter([0, [claiming, c]], [1, [b, c]], [2, [c]]), [], "as it yields");
  assert.deepEqual(orphansAfter([0, [claiming, wanting, c]], [1, [c]]), ["small"]);
  const both = [0, [claiming, wanting, c]] as const;
  assert.deepEqual(orphansAfter(both, [1, [claiming, c]], [2, [c]]), ["small"], "one by one");
});

Deno.test("declareLost() keeps few of what one node leaves, what it served first, and few in all, some of each", () => {
  const names = (of: string) => Array.from({ length: 200 }, (_, i) => `${of}-${i}`);
  const hoarder = member("h", 60, {
    wanted: names("h"),
    instances: [instance(SMALL, "warm")],
  });
  const left = orphansAfter([0, [hoarder, c]], [1, [c]]);
  assert.equal(left.length, MAX_ORPHANS_A_PEER);
  assert.ok(left.includes("small") && left.includes("h-0"));
  const many = Array.from(
    { length: 100 },
    (_, i) => member(`m${i}`, 60, { wanted: names(`${i}`) }),
  );
  const looks = many.map((_, gone) => [gone, [...many.slice(gone), c]] as const);
  const last = orphansAfter([0, [...many, a, c]], ...looks, [101, [c]]);
  assert.equal(last.length, MAX_ORPHANS);
  assert.ok(last.includes("big"), "who left few is not crowded out by who left many");
});

Deno.test("declareLost() lets a node decide again once it is back, whatever it wants now", () => {
  const changed = member("a", 60);
  assert.deepEqual(orphansAfter([0, [a, c]], [1, [c]], [2, [changed, c]]), []);
});

Deno.test("declareLost() ends after an hour", () => {
  assert.deepEqual(orphansAfter([0, [a, c]], [1, [c]], [HOUR, [c]]), ["big"]);
  assert.deepEqual(orphansAfter([0, [a, c]], [1, [c]], [HOUR + 1, [c]]), []);
});

Deno.test("declareLost() does not take a living node's change of mind for a loss", () => {
  assert.deepEqual(orphansAfter([0, [a, c]], [1, [member("a", 60), c]]), []);
});
