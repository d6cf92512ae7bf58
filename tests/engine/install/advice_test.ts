import assert from "node:assert/strict";
import type { MachineFacts } from "../../../src/engine/devices/machine_facts.ts";
import { type AdviceInput, adviceOf } from "../../../src/engine/install/advice.ts";
import type { EngineRecord } from "../../../src/engine/base/types.ts";

const FACTS: MachineFacts = {
  os: "linux",
  arch: "x86_64",
  glibc: "2.39",
  nvidia: null,
  hasKfd: false,
  hasVulkanLoader: true,
  gpus: [],
  freeBytes: 100e9,
};

const AMD = { ...FACTS, gpus: ["AMD"] };

function nvidia(driver: string): MachineFacts {
  const gpus = [{ name: "NVIDIA GeForce RTX 3060", capability: 8.6 }];
  return { ...FACTS, nvidia: { driver, gpus }, gpus: ["NVIDIA"] };
}

const RECORD: EngineRecord = {
  source: "release",
  tag: "b11541",
  build: "vulkan",
  device: null,
  why: null,
};
const FULL = {
  name: "CUDA0",
  description: "RTX 3060",
  reason: "only 200 MiB of it are free, too little to help",
  isFull: true,
};
const WRONG = "with CUDA 13 from its release: its answers on CUDA0 are wrong; using Vulkan";

const INSTALL = "Run mesh-llm engine install, and start the node again";

interface Row extends Partial<Omit<AdviceInput, "devices">> {
  readonly name: string;
  readonly devices?: readonly string[];
  readonly backend: string | null;
  readonly found?: string;
  readonly remedy?: string;
}

const ROWS: readonly Row[] = [
  { name: "no GPU", backend: "cpu" },
  { name: "no GPU, and our engine", record: RECORD, backend: "cpu" },
  { name: "CUDA", devices: ["CUDA0", "Vulkan0"], facts: nvidia("580.1"), backend: "cuda" },
  { name: "ROCm", devices: ["ROCm0"], facts: AMD, backend: "rocm" },
  { name: "Metal", devices: ["MTL0"], facts: { ...FACTS, os: "darwin" }, backend: "metal" },
  { name: "Vulkan on AMD", devices: ["Vulkan0"], facts: AMD, record: RECORD, backend: "vulkan" },
  { name: "a backend of later", devices: ["NPU0"], backend: null },
  {
    name: "Vulkan for want of a driver that CUDA takes",
    devices: ["Vulkan0"],
    facts: nvidia("535.1"),
    record: RECORD,
    backend: "vulkan",
    found: "RTX 3060, driver 535: CUDA 12.8 needs 550; using Vulkan",
    remedy: "Install NVIDIA's driver 550 or newer, then run mesh-llm engine install",
  },
  {
    name: "Vulkan, installed before the driver was updated",
    devices: ["Vulkan0"],
    facts: nvidia("580.1"),
    record: { ...RECORD, why: null },
    backend: "vulkan",
    found: "CUDA 13 would run here, and this llama.cpp uses Vulkan",
    remedy: INSTALL,
  },
  {
    name: "Vulkan, installed when the driver was too old for CUDA",
    devices: ["Vulkan0"],
    facts: nvidia("580.1"),
    record: { ...RECORD, why: "RTX 3060, driver 535: CUDA 12.8 needs 550; using Vulkan" },
    backend: "vulkan",
    found: "CUDA 13 would run here, and this llama.cpp uses Vulkan",
    remedy: INSTALL,
  },
  {
    name: "Vulkan after a CUDA that computed wrongly",
    devices: ["Vulkan0"],
    facts: nvidia("580.1"),
    record: { ...RECORD, why: WRONG },
    backend: "vulkan",
    found: WRONG,
    remedy: INSTALL,
  },
  {
    name: "Vulkan on an older system",
    devices: ["Vulkan0"],
    facts: { ...nvidia("580.1"), glibc: "2.36" },
    record: RECORD,
    backend: "vulkan",
    found: "RTX 3060, glibc 2.36: llama.cpp's release with CUDA 12.8 needs 2.38; using Vulkan",
  },
  {
    name: "a CPU build of somebody else's beside a GPU",
    facts: AMD,
    backend: "cpu",
    found: "There is a GPU (AMD), and this llama.cpp does not use it",
    remedy: INSTALL,
  },
  {
    name: "a CPU build of ours beside a GPU",
    facts: nvidia("580.1"),
    record: { ...RECORD, build: "cpu" },
    backend: "cpu",
    found: "There is a GPU (NVIDIA), and this llama.cpp does not use it",
    remedy: INSTALL,
  },
  {
    name: "no Vulkan library",
    facts: { ...AMD, hasVulkanLoader: false },
    record: RECORD,
    backend: "cpu",
    found: "There is a GPU (AMD), and this llama.cpp does not use it: " +
      "Vulkan's library, libvulkan.so.1, is not on this machine",
    remedy: "Install libvulkan1 and mesa-vulkan-drivers, as Debian and Ubuntu call them, " +
      "and start the node again",
  },
  {
    name: "no Vulkan driver, and Debian's engine, which brings the library",
    facts: { ...FACTS, gpus: ["Intel"], hasVulkanLoader: false },
    record: { ...RECORD, source: "debian", tag: null },
    backend: "cpu",
    found: "There is a GPU (Intel), and this llama.cpp does not use it: " +
      "there is no Vulkan driver for it",
    remedy: "Install mesa-vulkan-drivers, as Debian and Ubuntu call it, and start the node again",
  },
  {
    name: "NVIDIA's driver without its Vulkan part",
    facts: nvidia("535.1"),
    record: RECORD,
    backend: "cpu",
    found: "There is a GPU (NVIDIA), and this llama.cpp does not use it: " +
      "there is no Vulkan driver for it",
    remedy: "Install NVIDIA's own driver with its Vulkan part, and start the node again",
  },
  {
    name: "CUDA's build whose card is not found",
    facts: nvidia("580.1"),
    record: { ...RECORD, build: "cuda-13", device: "CUDA0" },
    backend: "cpu",
    found: "There is a GPU (NVIDIA), and this llama.cpp does not use it: CUDA 13 finds no device",
    remedy: INSTALL,
  },
  {
    name: "a card that is gone with its driver",
    record: { ...RECORD, build: "cuda-13", device: "CUDA0" },
    backend: "cpu",
    found: "llama.cpp was installed for CUDA0, which is not there any more",
    remedy: "See that the GPU's driver is loaded, or that the container is given the GPU",
  },
  {
    name: "a card whose memory another program has",
    leftOut: [FULL],
    record: { ...RECORD, build: "cuda-13", device: "CUDA0" },
    facts: nvidia("580.1"),
    backend: "cpu",
    found: "CUDA0 (RTX 3060) is not used: only 200 MiB of it are free, too little to help",
    remedy: "End the program that has its memory, and start the node again",
  },
  {
    name: "a full card beside one that is used",
    devices: ["CUDA1"],
    leftOut: [FULL],
    facts: nvidia("580.1"),
    backend: "cuda",
  },
  { name: "--device none", isChosen: true, facts: nvidia("580.1"), backend: "cpu" },
  {
    name: "--device none where our engine has used a card",
    isChosen: true,
    record: { ...RECORD, build: "metal", device: "MTL0" },
    facts: { ...FACTS, os: "darwin" },
    backend: "cpu",
  },
  {
    name: "--device Vulkan0 where CUDA would run",
    isChosen: true,
    devices: ["Vulkan0"],
    facts: nvidia("580.1"),
    backend: "vulkan",
  },
];

for (
  const { name, devices = [], backend, found = null, remedy = null, ...given } of ROWS
) {
  Deno.test(`adviceOf(): ${name}`, () => {
    const named = devices.map((name) => ({ name }));
    const usual = { leftOut: [], isChosen: false, record: null, facts: FACTS };
    const input = { ...usual, ...given, devices: named };
    assert.deepEqual(adviceOf(input), { backend, found, remedy });
  });
}
