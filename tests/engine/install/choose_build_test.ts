import assert from "node:assert/strict";
import fc from "fast-check";
import type { MachineFacts } from "../../../src/engine/devices/machine_facts.ts";
import { chooseBuilds } from "../../../src/engine/install/choose_build.ts";
import type { BackendChoice, EngineSource } from "../../../src/engine/base/types.ts";

const PLAIN: MachineFacts = {
  os: "linux",
  arch: "x86_64",
  glibc: "2.39",
  nvidia: null,
  hasKfd: false,
  hasVulkanLoader: true,
  gpus: [],
  freeBytes: 100e9,
};

const CARDS: Readonly<Record<string, number | null>> = {
  "NVIDIA GeForce RTX 3060": 8.6,
  "NVIDIA GeForce GTX 1080": 6.1,
  "NVIDIA GeForce GTX 1660": 7.5,
  "NVIDIA TITAN V": 7.0,
  "NVIDIA GB10": 12.1,
  "Tesla K80": null,
};

function nvidia(driver: string, ...names: string[]): Partial<MachineFacts> {
  const gpus = names.map((name) => ({ name, capability: CARDS[name] ?? null }));
  return { nvidia: { driver, gpus }, gpus: ["NVIDIA"] };
}

const RTX = "NVIDIA GeForce RTX 3060";
const GTX = "NVIDIA GeForce GTX 1080";
const ARM = { arch: "aarch64" };

const BOTH = ["vulkan release", "vulkan debian", "cpu release", "cpu debian"];
const DEBIANS = ["vulkan debian", "cpu debian"];

interface Row {
  readonly name: string;
  readonly facts: Partial<MachineFacts>;
  readonly backend?: BackendChoice;
  readonly from?: EngineSource;
  readonly builds: readonly string[];
  readonly refusals?: readonly string[];
}

const ROWS: readonly Row[] = [
  { name: "no GPU", facts: {}, builds: BOTH },
  { name: "no GPU, no Vulkan", facts: { hasVulkanLoader: false }, builds: BOTH },
  { name: "an AMD card", facts: { hasKfd: true, gpus: ["AMD"] }, builds: BOTH },
  { name: "an Intel GPU", facts: { gpus: ["Intel"] }, builds: BOTH },
  {
    name: "a new NVIDIA driver",
    facts: nvidia("580.65.06", RTX),
    builds: ["cuda-13 release", "cuda-12 release", ...BOTH],
  },
  {
    name: "NVIDIA's driver between the two",
    facts: nvidia("560.35.03", RTX),
    builds: ["cuda-12 release", ...BOTH],
    refusals: ["RTX 3060, driver 560: CUDA 13 needs 580"],
  },
  {
    name: "an old NVIDIA driver",
    facts: nvidia("535.183.01", RTX),
    builds: BOTH,
    refusals: ["RTX 3060, driver 535: CUDA 12.8 needs 550"],
  },
  {
    name: "an old card with a driver for newer ones",
    facts: nvidia("560.35.03", GTX),
    builds: BOTH,
    refusals: ["GTX 1080, driver 560: CUDA 12.8 needs 570"],
  },
  {
    name: "an old card with a driver that knows it",
    facts: nvidia("570.86", GTX),
    builds: ["cuda-12 release", ...BOTH],
    refusals: ["GTX 1080, driver 570: CUDA 13 needs 580"],
  },
  {
    name: "an old card beside a new one",
    facts: nvidia("580.65.06", RTX, GTX),
    builds: ["cuda-12 release", ...BOTH],
    refusals: [
      "RTX 3060, GTX 1080, driver 580: CUDA 13 needs compute capability 7.5, and GTX 1080 has 6.1",
    ],
  },
  {
    name: "the lowest capability of CUDA 13",
    facts: nvidia("580.65.06", "NVIDIA GeForce GTX 1660"),
    builds: ["cuda-13 release", "cuda-12 release", ...BOTH],
  },
  {
    name: "a card of capability 7.0, which driver 550 is enough for",
    facts: nvidia("550.54.14", "NVIDIA TITAN V"),
    builds: ["cuda-12 release", ...BOTH],
    refusals: ["TITAN V, driver 550: CUDA 13 needs 580"],
  },
  {
    name: "two cards of one kind",
    facts: nvidia("535.183.01", RTX, RTX),
    builds: BOTH,
    refusals: ["RTX 3060, driver 535: CUDA 12.8 needs 550"],
  },
  {
    name: "a card whose capability is not told",
    facts: nvidia("470.256.02", "Tesla K80"),
    builds: BOTH,
    refusals: ["Tesla K80, driver 470: CUDA 12.8 needs 570"],
  },
  {
    name: "no nvidia-smi",
    facts: nvidia("580.65.06"),
    builds: ["cuda-12 release", ...BOTH],
    refusals: [
      "NVIDIA's GPU, driver 580: CUDA 13 needs compute capability 7.5, and nvidia-smi does not tell it",
    ],
  },
  {
    name: "NVIDIA on Debian 12",
    facts: { glibc: "2.36", ...nvidia("580.65.06", RTX) },
    builds: BOTH,
    refusals: ["RTX 3060, glibc 2.36: llama.cpp's release with CUDA 12.8 needs 2.38"],
  },
  {
    name: "NVIDIA and little room",
    facts: { ...nvidia("580.65.06", RTX), freeBytes: 1e9 },
    builds: BOTH,
    refusals: ["RTX 3060, 1.0 GB free on the disk: CUDA 12.8 needs 2.3 GB"],
  },
  {
    name: "NVIDIA and room for the smaller CUDA only",
    facts: { ...nvidia("580.65.06", RTX), freeBytes: 2e9 },
    builds: ["cuda-13 release", ...BOTH],
  },
  {
    name: "a disk that does not say what is free",
    facts: { ...nvidia("580.65.06", RTX), freeBytes: null },
    builds: ["cuda-13 release", "cuda-12 release", ...BOTH],
  },
  {
    name: "NVIDIA on arm64",
    facts: { ...ARM, ...nvidia("580.95.05", "NVIDIA GB10") },
    builds: ["cuda-13 release", ...BOTH],
  },
  {
    name: "NVIDIA on arm64 with an older driver",
    facts: { ...ARM, ...nvidia("570.86", "NVIDIA GB10") },
    builds: BOTH,
    refusals: ["GB10, driver 570: CUDA 13 needs 580"],
  },
  {
    name: "Debian 11",
    facts: { glibc: "2.31" },
    builds: DEBIANS,
    refusals: ["glibc 2.31: llama.cpp's release with Vulkan needs 2.34"],
  },
  { name: "the oldest glibc of the release", facts: { glibc: "2.34" }, builds: BOTH },
  {
    name: "Debian 12 on arm64",
    facts: { ...ARM, glibc: "2.36" },
    builds: DEBIANS,
    refusals: ["glibc 2.36: llama.cpp's release with Vulkan needs 2.38"],
  },
  {
    name: "no glibc",
    facts: { glibc: null },
    builds: DEBIANS,
    refusals: ["no glibc: llama.cpp's release with Vulkan needs 2.34"],
  },
  {
    name: "an architecture that nobody builds for",
    facts: { arch: "riscv64" },
    builds: [],
    refusals: ["llama.cpp's release has no build with Vulkan for riscv64"],
  },
  { name: "Apple's chip", facts: { os: "darwin", ...ARM, glibc: null }, builds: ["metal release"] },
  { name: "an Intel Mac", facts: { os: "darwin", glibc: null }, builds: ["cpu release"] },
  {
    name: "an Intel Mac, asked for Vulkan",
    facts: { os: "darwin", glibc: null },
    backend: "vulkan",
    builds: [],
    refusals: ["llama.cpp's release has no build with Vulkan for macOS"],
  },
  {
    name: "Vulkan by name",
    facts: nvidia("580.65.06", RTX),
    backend: "vulkan",
    builds: BOTH.slice(0, 2),
  },
  { name: "the CPU by name", facts: {}, backend: "cpu", builds: BOTH.slice(2) },
  {
    name: "CUDA by name",
    facts: nvidia("580.65.06", RTX),
    backend: "cuda",
    builds: ["cuda-13 release", "cuda-12 release"],
  },
  {
    name: "CUDA by name without a driver",
    facts: {},
    backend: "cuda",
    builds: [],
    refusals: ["CUDA needs NVIDIA's driver, which is not loaded"],
  },
  {
    name: "CUDA by name with an old driver",
    facts: nvidia("535.183.01", RTX),
    backend: "cuda",
    builds: [],
    refusals: ["RTX 3060, driver 535: CUDA 12.8 needs 550"],
  },
  {
    name: "CUDA from Debian",
    facts: nvidia("580.65.06", RTX),
    backend: "cuda",
    from: "debian",
    builds: [],
  },
  { name: "ROCm by name", facts: { hasKfd: true }, backend: "rocm", builds: ["rocm release"] },
  {
    name: "ROCm by name without AMD's driver",
    facts: {},
    backend: "rocm",
    builds: [],
    refusals: ["ROCm needs AMD's driver with /dev/kfd, which is not there"],
  },
  {
    name: "ROCm by name on an older system",
    facts: { hasKfd: true, glibc: "2.36" },
    backend: "rocm",
    builds: [],
    refusals: ["AMD, glibc 2.36: llama.cpp's release with ROCm needs 2.38"],
  },
  {
    name: "ROCm by name on arm64",
    facts: { hasKfd: true, ...ARM },
    backend: "rocm",
    builds: [],
    refusals: ["AMD, llama.cpp's release has no build with ROCm for aarch64"],
  },
  { name: "Debian by name", facts: nvidia("580.65.06", RTX), from: "debian", builds: DEBIANS },
  {
    name: "the release by name",
    facts: {},
    from: "release",
    builds: ["vulkan release", "cpu release"],
  },
];

for (const { name, facts, backend = "auto", from = null, builds, refusals = [] } of ROWS) {
  Deno.test(`chooseBuilds(): ${name}`, () => {
    const choice = chooseBuilds({ ...PLAIN, ...facts }, { backend, from });
    assert.deepEqual(choice.candidates.map(({ build, source }) => `${build} ${source}`), builds);
    assert.deepEqual(choice.refusals.map(({ found }) => found), refusals);
  });
}

const anyFacts: fc.Arbitrary<MachineFacts> = fc.record({
  os: fc.constantFrom("linux", "darwin"),
  arch: fc.constantFrom("x86_64", "aarch64"),
  glibc: fc.constantFrom("2.31", "2.34", "2.36", "2.38", "2.41"),
  nvidia: fc.option(fc.record({
    driver: fc.integer({ min: 390, max: 620 }).map((major) => `${major}.1.2`),
    gpus: fc.array(fc.record({
      name: fc.constant(RTX),
      capability: fc.option(fc.constantFrom(3.7, 6.1, 7, 7.5, 8.6, 12)),
    })),
  })),
  hasKfd: fc.boolean(),
  hasVulkanLoader: fc.boolean(),
  gpus: fc.constant([]),
  freeBytes: fc.option(fc.integer({ min: 0, max: 1e12 })),
});

Deno.test("every machine has a candidate, and whoever gets no CUDA is told why", () => {
  fc.assert(fc.property(anyFacts, (facts) => {
    const { candidates, refusals } = chooseBuilds(facts, { backend: "auto", from: null });
    assert.ok(candidates.length > 0);
    if (facts.os !== "linux" || facts.nvidia === null) return;
    const hasCuda = candidates.some(({ build }) => build.startsWith("cuda"));
    assert.ok(hasCuda || refusals.some(({ found }) => found.includes("CUDA")));
  }));
});
