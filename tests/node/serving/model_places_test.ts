import assert from "node:assert/strict";
import type { EngineDevice, OfferedMemory } from "../../../src/engine/mod.ts";
import type { JobRoom } from "../../../src/node/serving/job_room.ts";
import {
  keptOf,
  placesFor,
  plannedIn,
  roomFor,
  toldIn,
} from "../../../src/node/serving/model_places.ts";

const CARD: EngineDevice = {
  name: "CUDA0",
  description: "",
  kind: "discrete",
  totalBytes: 16,
  freeBytes: 15,
};

function memory(gpu: number, main: number): OfferedMemory {
  const device = { totalBytes: 64, usedBytes: 0 };
  return {
    memoryBytes: gpu + main,
    devices: [
      { ...device, name: "CUDA0", kind: "discrete", offeredBytes: gpu },
      { ...device, name: "CPU", kind: "cpu", offeredBytes: main },
    ],
  };
}

/** On a machine that does nothing else, unless it says how much others leave. */
function inputOf(needBytes: number, offered: OfferedMemory, free = offered, devices = [CARD]) {
  const room: JobRoom = { free, pending: new Map() };
  return { needBytes, memory: offered, room, engine: { devices } };
}

function kinds(needBytes: number, gpu: number, main: number): string {
  const input = inputOf(needBytes, memory(gpu, main));
  return placesFor(input).map((place) => `${place.kind} ${roomFor(place, input)}`).join(
    ", ",
  );
}

Deno.test("placesFor() names the GPU first, then both, then main memory, as far as each holds the model", () => {
  assert.equal(kinds(10, 15, 48), "devices 48, both 48, main 38");
  assert.equal(kinds(24, 15, 48), "both 39, main 24");
  assert.equal(kinds(60, 15, 48), "both 3");
  assert.equal(kinds(10, 15, 0), "devices 0");
  assert.equal(
    kinds(99, 15, 48),
    "devices -36",
    "a plan that asks for more is its planner's fault: it is tried",
  );
});

Deno.test("placesFor() leaves to others what is free and not offered", () => {
  const input = inputOf(24, memory(12, 48));
  assert.deepEqual(placesFor(input)[0], { kind: "both", names: ["CUDA0"], spareBytes: [3] });
});

Deno.test("placesFor() goes by what other models leave, and keeps free what they have not loaded yet", () => {
  const offered = memory(12, 48);
  const beside = (needBytes: number, gpu: number, main: number) =>
    placesFor(inputOf(needBytes, offered, memory(gpu, main))).map(({ kind }) => kind).join(" ");
  assert.equal(beside(10, 12, 48), "devices both main");
  assert.equal(beside(10, 8, 48), "both main");
  assert.equal(beside(10, 0, 48), "main");
  assert.equal(beside(10, 8, 4), "both");
  const pending = { free: memory(8, 48), pending: new Map([["CUDA0", 4]]) };
  const [place] = placesFor({ ...inputOf(10, offered), room: pending });
  // 15 are free for llama.cpp, of which 12 are offered: 3 are nobody's, and 4 are another model's.
  assert.deepEqual(place, { kind: "both", names: ["CUDA0"], spareBytes: [7] });
});

Deno.test("placesFor() keeps a model with its draft on one of several GPUs where it fits", () => {
  const second = { ...CARD, name: "CUDA1" };
  const offered: OfferedMemory = {
    memoryBytes: 74,
    devices: [...memory(16, 48).devices, { ...memory(10, 0).devices[0]!, name: "CUDA1" }],
  };
  const namesOf = (needBytes: number, draftBytes = 0) => {
    const input = { ...inputOf(needBytes, offered, offered, [CARD, second]), draftBytes };
    const [place] = placesFor(input);
    return [place, Object.fromEntries(plannedIn(place!, input))];
  };
  assert.deepEqual(namesOf(8), [{ kind: "devices", names: ["CUDA1"] }, { CUDA1: 8 }]);
  assert.deepEqual(namesOf(8, 4), [{ kind: "devices", names: ["CUDA0"] }, { CUDA0: 12 }]);
  assert.deepEqual(namesOf(26), [
    { kind: "devices", names: ["CUDA0", "CUDA1"] },
    { CUDA0: 16, CUDA1: 10 },
  ]);
});

Deno.test("a model holds what is planned for its place, and what llama-server tells with its projector", () => {
  const input = inputOf(24, memory(12, 48));
  const planned = placesFor(input).map((place) => Object.fromEntries(plannedIn(place, input)));
  assert.deepEqual(planned, [{ CUDA0: 12, CPU: 12 }, { CPU: 24 }]);
  const told = { CUDA0: 9, CPU: 1 };
  const devices = { kind: "devices", names: ["CUDA0"] } as const;
  assert.deepEqual(Object.fromEntries(toldIn(devices, told, 2)), { CUDA0: 11, CPU: 1 });
  assert.deepEqual(Object.fromEntries(toldIn({ kind: "main" }, told, 2)), { CUDA0: 9, CPU: 3 });
});

Deno.test("placesFor() knows one place on a machine without a GPU", () => {
  const input = inputOf(24, memory(0, 48), undefined, []);
  assert.deepEqual(placesFor(input), [{ kind: "devices" }]);
  assert.equal(roomFor({ kind: "devices" }, input), 24);
});

Deno.test("keptOf() shares the room between checkpoints and prompts, and gives neither more than there is", () => {
  assert.deepEqual(keptOf(100, 0), { promptCacheBytes: 100 });
  assert.deepEqual(keptOf(100, 5), { promptCacheBytes: 60, checkpoints: 2 });
  assert.deepEqual(keptOf(10_000, 5), { promptCacheBytes: 9_360 }, "as many as llama-server takes");
  assert.deepEqual(keptOf(-10, 5), { promptCacheBytes: -10, checkpoints: 0 });
});
