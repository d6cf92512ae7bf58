import assert from "node:assert/strict";
import type { EngineDevice, OfferedMemory } from "../../../src/engine/mod.ts";
import { keptOf, placesFor, roomFor } from "../../../src/node/serving/model_places.ts";

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

function kinds(needBytes: number, gpu: number, main: number, projectorBytes = 0): string {
  const engine = { devices: [CARD] };
  const input = { needBytes, projectorBytes, memory: memory(gpu, main), engine };
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

Deno.test("placesFor() keeps a projector in main memory before it moves a part of its model there", () => {
  assert.equal(kinds(10, 15, 48, 2), "devices 48, devices apart 46, both 48, main 38");
  assert.equal(kinds(16, 15, 48, 2), "devices apart 46, both 47, main 32");
  assert.equal(kinds(16, 15, 2, 2), "devices apart 0, both 1");
  assert.equal(kinds(16, 15, 1, 2), "both 0", "main memory has no room for it either");
  assert.equal(kinds(16, 15, 0, 2), "devices -1", "a plan that asks for more");
  assert.equal(kinds(18, 15, 48, 2), "both 45, main 30", "the model alone is too large");
  assert.equal(kinds(15, 15, 48, 15), "devices 48, devices apart 33, both 48, main 33");
});

Deno.test("placesFor() leaves to others what is free and not offered", () => {
  const [place] = placesFor({ needBytes: 24, memory: memory(12, 48), engine: { devices: [CARD] } });
  assert.deepEqual(place, { kind: "both", spareBytes: [3] });
});

Deno.test("placesFor() knows one place on a machine without a GPU", () => {
  const input = { needBytes: 24, memory: memory(0, 48), engine: { devices: [] } };
  assert.deepEqual(placesFor(input), [{ kind: "devices" }]);
  assert.equal(roomFor({ kind: "devices" }, input), 24);
});

Deno.test("keptOf() shares the room between checkpoints and prompts, and gives neither more than there is", () => {
  assert.deepEqual(keptOf(100, 0), { promptCacheBytes: 100 });
  assert.deepEqual(keptOf(100, 5), { promptCacheBytes: 60, checkpoints: 2 });
  assert.deepEqual(keptOf(10_000, 5), { promptCacheBytes: 9_360 }, "as many as llama-server takes");
  assert.deepEqual(keptOf(-10, 5), { promptCacheBytes: -10, checkpoints: 0 });
});
