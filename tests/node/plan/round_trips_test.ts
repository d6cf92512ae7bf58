/** A running split, and the round trips of the paths that its members have now. */

import assert from "node:assert/strict";
import { addSample, type RttTrack, UNMEASURED } from "../../../src/mesh/gossip/rtt.ts";
import { splitPlan } from "../../../src/node/plan/split_plan.ts";
import { BIG, instance, member, type MemberOptions, peer, view } from "../members.ts";

const NONE = { kind: "waiting" } as const;
const splitWith = (...workers: string[]) => ({ kind: "host", workers }) as const;
type Expected = typeof NONE | ReturnType<typeof splitWith>;

const HOST: MemberOptions = {
  targets: [BIG],
  holds: [BIG],
  instances: [instance(BIG, "warm", ["w"])],
};
const UNUSED: MemberOptions = { ...HOST, instances: [] };
const WORKER: MemberOptions = {
  targets: [BIG],
  obeys: [{ host: peer("h"), model: BIG, term: 1, ready: true }],
};
const OTHER: MemberOptions = { targets: [BIG] };

/** BIG needs 100: the host has 60, a worker 60, another one as much. Round trips are edges of buckets. */
const CASES: [string, MemberOptions, Record<string, number>, Expected][] = [
  ["a split stays while its worker is near", HOST, { w: 80, x: 160 }, splitWith("w")],
  ["one whose worker has gone too far takes a nearer one", HOST, { w: 160, x: 20 }, splitWith("x")],
  ["... and waits where there is none", HOST, { w: 160, x: 160 }, NONE],
  ["another one that comes nearer interrupts nothing", HOST, { w: 80, x: 1 }, splitWith("w")],
  ["a worker that comes nearer interrupts nothing", HOST, { w: 1, x: 80 }, splitWith("w")],
  [
    "a machine that was too far is taken where nothing runs",
    UNUSED,
    { w: 160, x: 80 },
    splitWith("x"),
  ],
];

for (const [name, host, rtts, expected] of CASES) {
  Deno.test(`round trips of a split: ${name}`, () => {
    const self = member("h", 60, { ...host, rttsMs: rtts });
    const others = [member("w", 60, WORKER), member("x", 60, OTHER)];
    const plan = splitPlan(view(self, others, rtts), BIG);
    const shown = plan.kind === "host"
      ? { kind: plan.kind, workers: plan.workers.map((one) => one.peer) }
      : { kind: plan.kind };
    assert.deepEqual(shown, expected);
  });
}

Deno.test("round trips of a split: a path of 20 ms that becomes one of 120 and 20 again moves it once each way", () => {
  const path = (ms: number, beats: number) => Array.from({ length: beats }, () => ms);
  const samples = [...path(20, 5), ...path(120, 6), ...path(20, 6), ...path(70, 6), ...path(90, 6)];
  const tracks: RttTrack[] = [];
  for (const ms of samples) tracks.push(addSample(tracks.at(-1) ?? UNMEASURED, ms));
  const kept = tracks.map(({ bucketMs = 0 }) => {
    const self = member("h", 60, { ...HOST, rttsMs: { w: bucketMs } });
    return splitPlan(view(self, [member("w", 60, WORKER)], { w: bucketMs }), BIG).kind === "host";
  });
  const changes = kept.flatMap((now, at) => at > 0 && now !== kept[at - 1] ? [at] : []);
  // The best of four counts: the fourth beat of the relayed path shows it, the first one of the better path does.
  assert.deepEqual(changes, [8, 11]);
});
