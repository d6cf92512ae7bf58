import assert from "node:assert/strict";
import { roomBeside } from "../../../src/node/serving/job_room.ts";
import { BIG, instance, member, peer, SMALL } from "../members.ts";

const device = { totalBytes: 64, usedBytes: 0 };
const MEMORY = {
  memoryBytes: 60,
  devices: [
    { ...device, name: "CUDA0", kind: "discrete", offeredBytes: 12 },
    { ...device, name: "CPU", kind: "cpu", offeredBytes: 48 },
  ],
} as const;
const OTHER = { name: "other", fingerprint: "d".repeat(64) };

function held(model: typeof BIG, CUDA0: number, CPU = 0) {
  return { model, devices: [{ name: "CUDA0", bytes: CUDA0 }, { name: "CPU", bytes: CPU }] };
}

Deno.test("roomBeside() leaves out what other jobs hold, and not the model's own", () => {
  const own = member("a", 60, {
    instances: [instance(SMALL, "warm")],
    reservations: [held(SMALL, 5, 1), held(BIG, 4)],
  });
  const { free, pending } = roomBeside(BIG, MEMORY, { own, others: [] });
  assert.deepEqual(free.devices.map(({ offeredBytes }) => offeredBytes), [7, 47]);
  assert.equal(free.memoryBytes, 54);
  assert.equal(pending.size, 0);
});

Deno.test("a share whose host has not loaded it, and what is loading, is still to come", () => {
  const own = member("a", 60, {
    instances: [instance(OTHER, "loading")],
    reservations: [held(SMALL, 5, 1), held(OTHER, 2)],
  });
  const pendingWith = (state: "loading" | "warm") => {
    const host = member("b", 60, { instances: [instance(SMALL, state, [peer("a")])] });
    const { pending } = roomBeside(BIG, MEMORY, { own, others: [host] });
    return [pending.get("CUDA0"), pending.get("CPU")];
  };
  assert.deepEqual(pendingWith("loading"), [7, 1]);
  assert.deepEqual(pendingWith("warm"), [2, 0]);
});
