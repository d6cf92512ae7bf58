import assert from "node:assert/strict";
import type { EngineDevice, OfferedMemory } from "../../../src/engine/mod.ts";
import {
  keptBytes,
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

function inputOf(needBytes: number, memory: OfferedMemory, devices = [CARD]) {
  return { needBytes, memory, spare: new Map([["CUDA0", 3]]), engine: { devices } };
}

function kinds(needBytes: number, gpu: number, main: number, projectorBytes = 0): string {
  const input = { ...inputOf(needBytes, memory(gpu, main)), projectorBytes };
  return placesFor(input).map((place) => {
    const apart = place.kind === "devices" && place.projector === "main" ? " apart" : "";
    return `${place.kind}${apart} ${roomFor(place, input)}`;
  }).join(", ");
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

Deno.test("placesFor() keeps free what is not for the model", () => {
  const input = inputOf(24, memory(12, 48));
  assert.deepEqual(placesFor(input)[0], { kind: "both", names: ["CUDA0"], spareBytes: [3] });
});

Deno.test("placesFor() leaves out a GPU of which nothing is free", () => {
  const places = (gpu: number) =>
    placesFor(inputOf(10, memory(gpu, 48))).map(({ kind }) => kind).join(" ");
  assert.equal(places(12), "devices both main");
  assert.equal(places(8), "both main");
  assert.equal(places(0), "main");
});

Deno.test("placesFor() keeps a model with its draft on one of several GPUs where it fits", () => {
  const second = { ...CARD, name: "CUDA1" };
  const offered: OfferedMemory = {
    memoryBytes: 74,
    devices: [...memory(16, 48).devices, { ...memory(10, 0).devices[0]!, name: "CUDA1" }],
  };
  const namesOf = (needBytes: number, draftBytes = 0) => {
    const input = { ...inputOf(needBytes, offered, [CARD, second]), draftBytes };
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

Deno.test("placesFor() keeps a projector in main memory before it moves a part of its model there", () => {
  assert.equal(kinds(10, 15, 48, 2), "devices 48, devices apart 46, both 48, main 38");
  assert.equal(kinds(16, 15, 48, 2), "devices apart 46, both 47, main 32");
  assert.equal(kinds(16, 15, 2, 2), "devices apart 0, both 1");
  assert.equal(kinds(16, 15, 1, 2), "both 0", "main memory has no room for it either");
  assert.equal(kinds(16, 15, 0, 2), "devices -1", "a plan that asks for more");
  assert.equal(kinds(18, 15, 48, 2), "both 45, main 30", "the model alone is too large");
  assert.equal(kinds(15, 15, 48, 15), "devices 48, devices apart 33, both 48, main 33");
});

Deno.test("placesFor() knows one place on a machine without a GPU", () => {
  const input = inputOf(24, memory(0, 48), []);
  assert.deepEqual(placesFor(input), [{ kind: "devices" }]);
  assert.equal(roomFor({ kind: "devices" }, input), 24);
});

Deno.test("keptOf() shares the room between checkpoints and prompts, and gives neither more than there is", () => {
  assert.deepEqual(keptOf(100, 0), { promptCacheBytes: 100 });
  assert.deepEqual(keptOf(100, 5), { promptCacheBytes: 60, checkpoints: 2 });
  assert.deepEqual(keptOf(10_000, 5), { promptCacheBytes: 9_360 }, "as many as llama-server takes");
  assert.deepEqual(keptOf(-10, 5), { promptCacheBytes: -10, checkpoints: 0 });
  for (
    const [room, checkpoint, kept] of [[100, 0, 100], [100, 5, 100], [10_000, 5, 10_000], [
      -10,
      5,
      0,
    ]] as const
  ) {
    assert.equal(keptBytes(keptOf(room, checkpoint), checkpoint), kept);
  }
  assert.equal(keptBytes(keptOf(64 * 2 ** 30, 0), 0), 8 * 2 ** 30, "llama-server takes no more");
});
