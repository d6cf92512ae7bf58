import assert from "node:assert/strict";
import { RELOAD_BACKOFF_MAX_MS } from "../../../src/node/plan/defaults.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import { type Running, transition } from "../../../src/node/plan/transition.ts";
import { BIG, peer } from "../members.ts";

const solo: Plan = { kind: "solo", model: BIG, needBytes: 1 };
const standby: Plan = { kind: "standby" };
const follow: Plan = { kind: "follow", model: BIG, host: peer("b") };
const worker: Plan = { kind: "worker", model: BIG, host: peer("b"), term: 2 };
const host: Plan = {
  kind: "host",
  model: BIG,
  hostShare: 0.5,
  workers: [{ peer: peer("c"), share: 0.5 }],
  needBytes: 1,
  haveBytes: 2,
};

function running(plan: Plan, broken: Partial<Running> = {}): Running {
  return { plan, broken: false, brokenAtMs: 0, failures: 0, ...broken };
}

const rows: [fact: string, Running, Plan, plannedAtMs: number, nowMs: number, expected: unknown][] =
  [
    ["an unchanged plan changes nothing", running(host), host, 0, 99, { kind: "keep" }],
    ["idle nodes start at once", running(standby), solo, 10, 10, { kind: "replace" }],
    [
      "what serves waits until its group is quiet",
      running(solo),
      host,
      1_000,
      1_500,
      { kind: "hold", untilMs: 3_000 },
    ],
    ["what serves is replaced after 2 s of quiet", running(solo), host, 1_000, 3_000, {
      kind: "replace",
    }],
    ["what serves goes on until the new host assigns work", running(solo), follow, 0, 99_999, {
      kind: "keep",
    }],
    ["a worker leaves a host that it no longer elects at once", running(worker), follow, 5, 5, {
      kind: "replace",
    }],
    [
      "a broken split is planned anew at once",
      running(host, { broken: true, failures: 1 }),
      solo,
      5,
      5,
      {
        kind: "replace",
      },
    ],
    [
      "a split that breaks for the first time is loaded again at once",
      running(host, { broken: true, brokenAtMs: 5, failures: 1 }),
      host,
      0,
      5,
      { kind: "replace" },
    ],
    [
      "a split that keeps breaking waits longer each time",
      running(host, { broken: true, brokenAtMs: 5, failures: 4 }),
      host,
      0,
      5,
      { kind: "hold", untilMs: 2_005 },
    ],
    [
      "the pause between loads has a bound",
      running(host, { broken: true, brokenAtMs: 5, failures: 60 }),
      host,
      0,
      5,
      { kind: "hold", untilMs: RELOAD_BACKOFF_MAX_MS + 5 },
    ],
  ];

for (const [fact, current, next, plannedAtMs, nowMs, expected] of rows) {
  Deno.test(`transition(): ${fact}`, () => {
    assert.deepEqual(
      transition(current, next, { nowMs, plannedAtMs, claimedAtMs: null }),
      expected,
    );
  });
}

Deno.test("transition(): what others might claim too is loaded once the claim was heard", () => {
  const times = { nowMs: 1_500, plannedAtMs: 1_000, claimedAtMs: 1_000 };
  assert.deepEqual(transition(running(standby), solo, times), { kind: "hold", untilMs: 2_000 });
  assert.deepEqual(transition(running(standby), solo, { ...times, nowMs: 2_000 }), {
    kind: "replace",
  });
});

Deno.test("what still loads goes on, unless the elected host answers already: then its workers are there", () => {
  const times = { nowMs: 9_000, plannedAtMs: 5_000, claimedAtMs: null };
  assert.deepEqual(transition(running(host), follow, times), { kind: "keep" });
  const answered = { ...times, isAnswered: true };
  assert.deepEqual(transition(running(host), follow, answered), { kind: "replace" });
  assert.deepEqual(transition(running(host), follow, { ...answered, nowMs: 6_000 }), {
    kind: "hold",
    untilMs: 7_000,
  });
});
