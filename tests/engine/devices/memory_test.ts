import assert from "node:assert/strict";
import { ENGINE_DEFAULTS } from "../../../src/engine/config.ts";
import {
  type DeviceKind,
  type EngineDevice,
  mainMemory,
  offeredMemory,
  withoutDevices,
} from "../../../src/engine/mod.ts";
import { parseCgroupLimit } from "../../../src/engine/devices/main_memory.ts";

function gpu(
  name: string,
  totalBytes: number,
  freeBytes: number,
  kind: DeviceKind = "discrete",
): EngineDevice {
  return { name, description: name, kind, totalBytes, freeBytes };
}

interface Machine {
  readonly machine: string;
  readonly devices?: readonly EngineDevice[];
  /** Of main memory. */
  readonly total: number;
  /** @default {all of it} */
  readonly available?: number;
  readonly maxVramBytes?: number;
  readonly maxRamBytes?: number;
  /** By device, `CPU` last. */
  readonly offered: readonly number[];
}

const MACHINES: readonly Machine[] = [
  { machine: "a CPU only", total: 64, offered: [48] },
  { machine: "a CPU only, 10 in use", total: 64, available: 54, offered: [38] },
  { machine: "a CPU only, nearly all in use", total: 64, available: 10, offered: [2] },
  { machine: "no memory", total: 0, offered: [0] },
  { machine: "a CPU only, --max-ram 60", total: 64, maxRamBytes: 60, offered: [60] },
  {
    machine: "a CPU only, --max-ram 99, 30 in use",
    total: 64,
    available: 34,
    maxRamBytes: 99,
    offered: [64],
  },
  { machine: "a CPU only, --max-vram 5", total: 64, maxVramBytes: 5, offered: [5] },
  { machine: "a CPU only, --max-vram 99", total: 64, maxVramBytes: 99, offered: [48] },
  {
    machine: "a card",
    devices: [gpu("CUDA0", 16, 15)],
    total: 64,
    offered: [15, 48],
  },
  {
    machine: "a card, --max-vram 8 --max-ram 4",
    devices: [gpu("CUDA0", 16, 15)],
    total: 64,
    maxVramBytes: 8,
    maxRamBytes: 4,
    offered: [8, 4],
  },
  {
    machine: "two cards, --max-vram 16",
    devices: [gpu("CUDA0", 24, 24), gpu("CUDA1", 8, 8)],
    total: 64,
    maxVramBytes: 16,
    offered: [12, 4, 48],
  },
  {
    machine: "Apple's chip, whose GPU may have what is offered",
    devices: [gpu("MTL0", 48, 48, "integrated")],
    total: 64,
    offered: [48, 0],
  },
  {
    machine: "an integrated GPU that may have half",
    devices: [gpu("Vulkan0", 32, 32, "integrated")],
    total: 64,
    offered: [32, 16],
  },
  {
    machine: "a GB10, --max-ram 100",
    devices: [gpu("CUDA0", 122, 117, "integrated")],
    total: 128,
    maxRamBytes: 100,
    offered: [100, 0],
  },
  {
    machine: "an integrated GPU, --max-vram 8",
    devices: [gpu("Vulkan0", 32, 32, "integrated")],
    total: 64,
    maxVramBytes: 8,
    offered: [8, 0],
  },
  {
    machine: "a card and an integrated GPU, both named, --max-vram 20",
    devices: [gpu("Vulkan0", 32, 32, "integrated"), gpu("Vulkan1", 16, 16)],
    total: 64,
    maxVramBytes: 20,
    offered: [4, 16, 44],
  },
  {
    machine: "a software renderer that was named",
    devices: [gpu("Vulkan0", 64, 60, "software")],
    total: 64,
    offered: [48, 0],
  },
];

for (const { machine, devices = [], total, available = total, ...rest } of MACHINES) {
  Deno.test(`offeredMemory() of ${total} bytes and ${machine}`, () => {
    const { maxVramBytes = null, maxRamBytes = null, offered } = rest;
    const memory = offeredMemory({
      devices,
      mainMemory: { totalBytes: total, availableBytes: available },
      config: { maxVramBytes, maxRamBytes },
    });
    assert.deepEqual(memory.devices.map(({ offeredBytes }) => offeredBytes), offered);
    assert.equal(memory.memoryBytes, offered.reduce((sum, bytes) => sum + bytes, 0));
    const names = [...devices.map(({ name, kind }) => `${name} ${kind}`), "CPU cpu"];
    assert.deepEqual(memory.devices.map(({ name, kind }) => `${name} ${kind}`), names);
  });
}

for (const [text, bytes] of [["max\n", Infinity], ["4096\n", 4096], ["", Infinity]] as const) {
  Deno.test(`parseCgroupLimit() of ${JSON.stringify(text)} is ${bytes}`, () => {
    assert.equal(parseCgroupLimit(text), bytes);
  });
}

Deno.test("mainMemory() is never more than the machine has", async () => {
  const { totalBytes, availableBytes } = await mainMemory();
  assert(totalBytes > 0 && totalBytes <= Deno.systemMemoryInfo().total);
  assert(availableBytes > 0 && availableBytes <= totalBytes);
});

Deno.test("--max-vram is offered to the byte", () => {
  const mainMemory = { totalBytes: 25_276_502_016, availableBytes: 25_276_502_016 };
  const config = { ...ENGINE_DEFAULTS, maxVramBytes: 300_000_000 };
  assert.equal(offeredMemory({ devices: [], mainMemory, config }).memoryBytes, 300_000_000);
});

Deno.test("withoutDevices() takes a card's memory away, and gives the CPU what another had of main memory", () => {
  const offers = (devices: readonly EngineDevice[], lost: readonly string[]) => {
    const memory = offeredMemory({
      devices,
      mainMemory: { totalBytes: 64, availableBytes: 64 },
      config: ENGINE_DEFAULTS,
    });
    const left = withoutDevices(memory, new Set(lost));
    return [left.memoryBytes, ...left.devices.map((one) => `${one.name} ${one.offeredBytes}`)];
  };
  const cards = [gpu("CUDA0", 16, 15), gpu("CUDA1", 16, 15)];
  assert.deepEqual(offers(cards, ["CUDA1"]), [63, "CUDA0 15", "CPU 48"]);
  assert.deepEqual(offers(cards, ["CUDA0", "CUDA1"]), [48, "CPU 48"]);
  assert.deepEqual(offers(cards, ["RPC0"]), [78, "CUDA0 15", "CUDA1 15", "CPU 48"]);
  const shared = [gpu("Vulkan0", 40, 40, "integrated")];
  assert.deepEqual(offers(shared, []), [48, "Vulkan0 40", "CPU 8"]);
  assert.deepEqual(offers(shared, ["Vulkan0"]), [48, "CPU 48"]);
});
