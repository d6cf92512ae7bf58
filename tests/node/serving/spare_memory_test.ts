import assert from "node:assert/strict";
import { spareBytes } from "../../../src/node/serving/spare_memory.ts";
import { BIG, instance, member, peer, SMALL } from "../members.ts";

const device = { totalBytes: 64, usedBytes: 0 };
const MACHINE = {
  engine: {
    devices: [
      { name: "CUDA0", description: "", kind: "discrete", totalBytes: 16, freeBytes: 15 },
      { name: "CUDA1", description: "", kind: "discrete", totalBytes: 16, freeBytes: 15 },
    ],
  },
  memory: {
    devices: [
      { ...device, name: "CUDA0", kind: "discrete", offeredBytes: 12 },
      { ...device, name: "CUDA1", kind: "discrete", offeredBytes: 15 },
      { ...device, name: "CPU", kind: "cpu", offeredBytes: 48 },
    ],
  },
} as const;
const OTHER = { name: "other", fingerprint: "d".repeat(64) };

function held(model: typeof BIG, CUDA0: number, CUDA1: number) {
  return { model, devices: [{ name: "CUDA0", bytes: CUDA0 }, { name: "CUDA1", bytes: CUDA1 }] };
}

Deno.test("a job leaves alone what is not offered, and nothing for models that are loaded", () => {
  const own = member("a", 60, {
    instances: [instance(SMALL, "warm")],
    reservations: [held(SMALL, 5, 1), held(BIG, 4, 4)],
  });
  const spare = spareBytes(BIG, { ...MACHINE, own, others: [] });
  assert.deepEqual(Object.fromEntries(spare), { CUDA0: 3, CUDA1: 0 });
});

Deno.test("a share whose host has not loaded it, and a model that loads, are still to come", () => {
  const own = member("a", 60, {
    instances: [instance(OTHER, "loading")],
    reservations: [held(SMALL, 5, 1), held(OTHER, 2, 0)],
  });
  const spareWhile = (state: "loading" | "warm") => {
    const host = member("b", 60, { instances: [instance(SMALL, state, [peer("a")])] });
    return Object.fromEntries(spareBytes(BIG, { ...MACHINE, own, others: [host] }));
  };
  assert.deepEqual(spareWhile("loading"), { CUDA0: 10, CUDA1: 1 });
  assert.deepEqual(spareWhile("warm"), { CUDA0: 5, CUDA1: 0 });
});
