import assert from "node:assert/strict";
import { ENGINE_DEFAULTS } from "../../../src/engine/config.ts";
import { type EngineDevice, mainMemoryBytes, offeredMemory } from "../../../src/engine/mod.ts";
import { parseCgroupLimit } from "../../../src/engine/devices/main_memory.ts";

function gpu(name: string, totalBytes: number, freeBytes: number): EngineDevice {
  return { name, description: name, kind: "discrete", totalBytes, freeBytes };
}

Deno.test("offeredMemory() is three quarters of main memory on a machine with a CPU only", () => {
  const options = { devices: [], totalMemoryBytes: 16_000, config: ENGINE_DEFAULTS };
  assert.deepEqual(offeredMemory(options), {
    memoryBytes: 12_000,
    devices: [{ name: "CPU", totalBytes: 16_000, offeredBytes: 12_000, usedBytes: 0 }],
  });
});

Deno.test("offeredMemory() is what GPUs have free, not main memory", () => {
  const devices = [gpu("CUDA0", 24_000, 20_000), gpu("CUDA1", 8_000, 8_000)];
  const offered = offeredMemory({ devices, totalMemoryBytes: 64_000, config: ENGINE_DEFAULTS });
  assert.equal(offered.memoryBytes, 28_000);
  assert.deepEqual(offered.devices.map(({ offeredBytes }) => offeredBytes), [20_000, 8_000]);
});

for (
  const { devices, maxVramBytes, offered } of [
    { devices: [], maxVramBytes: 5_000, offered: [5_000] },
    { devices: [], maxVramBytes: 50_000, offered: [12_000] },
    {
      devices: [gpu("a", 3_000, 3_000), gpu("b", 1_000, 1_000)],
      maxVramBytes: 2_000,
      offered: [1_500, 500],
    },
    { devices: [gpu("a", 3_000, 0)], maxVramBytes: 2_000, offered: [0] },
  ]
) {
  Deno.test(`offeredMemory() of ${devices.length} GPUs with at most ${maxVramBytes} bytes is ${offered}`, () => {
    const config = { ...ENGINE_DEFAULTS, maxVramBytes };
    const memory = offeredMemory({ devices, totalMemoryBytes: 16_000, config });
    assert.deepEqual(memory.devices.map(({ offeredBytes }) => offeredBytes), offered);
    assert.equal(memory.memoryBytes, offered.reduce((sum, bytes) => sum + bytes, 0));
  });
}

for (
  const [maxRamBytes, offered] of [[2_000, 2_000], [15_000, 15_000], [50_000, 16_000]] as const
) {
  Deno.test(`offeredMemory() of 16,000 bytes of main memory with --max-ram ${maxRamBytes} is ${offered}`, () => {
    const config = { ...ENGINE_DEFAULTS, maxRamBytes };
    assert.equal(
      offeredMemory({ devices: [], totalMemoryBytes: 16_000, config }).memoryBytes,
      offered,
    );
    const devices = [gpu("a", 3_000, 3_000)];
    assert.equal(offeredMemory({ devices, totalMemoryBytes: 16_000, config }).memoryBytes, 3_000);
  });
}

for (const [text, bytes] of [["max\n", Infinity], ["4096\n", 4096], ["", Infinity]] as const) {
  Deno.test(`parseCgroupLimit() of ${JSON.stringify(text)} is ${bytes}`, () => {
    assert.equal(parseCgroupLimit(text), bytes);
  });
}

Deno.test("mainMemoryBytes() is never more than the machine has", async () => {
  const bytes = await mainMemoryBytes();
  assert(bytes > 0 && bytes <= Deno.systemMemoryInfo().total);
});

Deno.test("--max-vram is offered to the byte, and a machine without memory offers none", () => {
  const config = { ...ENGINE_DEFAULTS, maxVramBytes: 300_000_000 };
  const capped = { devices: [], totalMemoryBytes: 25_276_502_016, config };
  assert.equal(offeredMemory(capped).memoryBytes, 300_000_000);
  assert.equal(offeredMemory({ ...capped, totalMemoryBytes: 0 }).memoryBytes, 0);
});
