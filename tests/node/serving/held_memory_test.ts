import assert from "node:assert/strict";
import { heldBy, reservationsBy, withUse } from "../../../src/node/serving/held_memory.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import { leftAfter } from "../../../src/node/serving/room.ts";
import { servesSeveral } from "../../../src/node/plan/assignment/running.ts";
import { BIG, instance, member, peer, SMALL, view } from "../members.ts";

const DEVICES = [
  { name: "CUDA0", kind: "discrete", totalBytes: 30, offeredBytes: 24, usedBytes: 0 },
  { name: "CPU", kind: "cpu", totalBytes: 64, offeredBytes: 48, usedBytes: 0 },
] as const;
const solo = (model: typeof BIG): Plan => ({ kind: "solo", model, needBytes: 20 });
const WORKER: Plan = { kind: "worker", model: BIG, host: peer("b"), term: 1 };

Deno.test("a job holds what llama.cpp tells, and the others what that leaves them", () => {
  const jobs = [
    { plan: WORKER, usedBytes: 20 },
    { plan: solo(SMALL), usedBytes: 10, placed: { CUDA0: 9, CPU: 1 } },
  ];
  const held = heldBy(jobs, DEVICES).map((one) => Object.fromEntries(one));
  assert.deepEqual(held, [{ CUDA0: 15, CPU: 5 }, { CUDA0: 9, CPU: 1 }]);
  assert.deepEqual(withUse(DEVICES, jobs).map(({ usedBytes }) => usedBytes), [24, 6]);
});

Deno.test("what holds nothing is not announced as holding", () => {
  const jobs = [
    { plan: { kind: "standby" } as const, usedBytes: 0 },
    { plan: { kind: "download", name: "later" } as const, usedBytes: 0 },
    { plan: { kind: "follow", model: BIG, host: peer("b") } as const, usedBytes: 0 },
    { plan: solo(SMALL), usedBytes: 10, placed: { CUDA0: 10, CPU: 0 } },
  ];
  const devices = [{ name: "CUDA0", bytes: 10 }];
  assert.deepEqual(reservationsBy(jobs, DEVICES), [{ model: SMALL, devices }]);
});

// It counted as a node of an earlier version, which nobody gives a second model.
Deno.test("a host is announced though its workers hold all of its model", () => {
  const shares = { hostShare: 0, workers: [{ peer: peer("b"), share: 1 }] };
  const host: Plan = { kind: "host", model: BIG, ...shares, needBytes: 100, haveBytes: 120 };
  const jobs = [{ plan: host, usedBytes: 0 }];
  assert.deepEqual(reservationsBy(jobs, DEVICES), [{ model: BIG, devices: [] }]);
  const told = {
    reservations: reservationsBy(jobs, DEVICES),
    instances: [instance(BIG, "warm", ["b"])],
  };
  assert.ok(servesSeveral(member("a", 72, told)));
});

Deno.test("a draft and kept prompts leave what further models of the node are to take", () => {
  const memory = { memoryBytes: 72, devices: DEVICES };
  const seen = view(member("a", 72), []);
  const after = (...later: readonly Plan[]) => {
    const { memoryBytes, devices } = leftAfter(solo(SMALL), later, { memory, view: seen });
    return [memoryBytes, ...devices.map(({ offeredBytes }) => offeredBytes)];
  };
  assert.deepEqual(after(), [72, 24, 48], "what it takes itself is not taken from it");
  // The first of 20 leaves 4 of the card, so that the next is in main memory too.
  assert.deepEqual(after(solo(BIG)), [52, 20, 32]);
  assert.deepEqual(after({ kind: "standby" }, { kind: "download", name: "later" }), [72, 24, 48]);
});
