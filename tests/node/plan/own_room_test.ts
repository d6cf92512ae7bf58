import assert from "node:assert/strict";
import { hasRoom, mayBegin, ownBytes } from "../../../src/node/plan/own_room.ts";
import type { Offer } from "../../../src/node/plan/pools.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import { BIG, instance, member, peer, SMALL, view } from "../members.ts";

const SOLO: Plan = { kind: "solo", model: SMALL, needBytes: 10 };
const WORKER: Plan = { kind: "worker", model: BIG, host: peer("b"), term: 1 };

Deno.test("ownBytes() is the part of a plan that this machine keeps", () => {
  const host = member("b", 60, { instances: [instance(BIG, "loading", ["a"])] });
  const seen = view(member("a", 60, { targets: [BIG] }), [host]);
  const workers = [{ peer: peer("b"), share: 0.75 }];
  const split = { kind: "host", model: BIG, hostShare: 0.25, workers, needBytes: 100 } as const;
  assert.equal(ownBytes(seen, SOLO), 10);
  assert.equal(ownBytes(seen, { ...split, haveBytes: 100 }), 25);
  assert.equal(ownBytes(seen, WORKER), 50);
  assert.equal(ownBytes(seen, { ...WORKER, host: peer("gone") }), 0);
  assert.equal(ownBytes(seen, { kind: "standby" }), 0);
});

Deno.test("hasRoom() is what a worker obeys an assignment by", () => {
  const host = member("b", 60, { instances: [instance(BIG, "loading", ["a"])] });
  const instances = [instance(SMALL, "warm")];
  for (const [memoryBytes, expected] of [[60, true], [59, false]] as const) {
    const self = member("a", memoryBytes, { targets: [BIG, SMALL], assignable: true, instances });
    assert.equal(hasRoom(view(self, [host]), WORKER), expected);
  }
});

const CARD: Offer = { name: "CUDA0", kind: "discrete", offeredBytes: 24 };
const MAIN: Offer = { name: "CPU", kind: "cpu", offeredBytes: 48 };

type Row = [
  what: string,
  bytes: number,
  running: Record<string, number>,
  ending: Record<string, number>,
  expected: boolean,
];

const ROWS: readonly Row[] = [
  ["all is free", 20, {}, {}, true],
  ["it fits beside what runs", 10, { CUDA0: 14 }, {}, true],
  ["what is being stopped is still on the card", 20, {}, { CUDA0: 20 }, false],
  ["what is being stopped is elsewhere", 20, {}, { CPU: 40 }, true],
  ["what runs keeps the card, so that main memory is meant", 20, { CUDA0: 20 }, {}, true],
  ["... and is free", 40, { CUDA0: 24 }, { CPU: 10 }, false],
  ["it fits beside neither", 60, { CUDA0: 20 }, {}, false],
  ["larger than the machine", 80, {}, {}, false],
  ["what is being stopped leaves enough of the card", 4, {}, { CUDA0: 20 }, true],
];

for (const [what, bytes, running, ending, expected] of ROWS) {
  Deno.test(`mayBegin(): ${what}`, () => {
    const bytesOf = (told: Record<string, number>) => [new Map(Object.entries(told))];
    const inUse = { running: bytesOf(running), ending: bytesOf(ending) };
    assert.equal(mayBegin(SOLO, bytes, { devices: [CARD, MAIN], ...inUse }), expected);
  });
}
