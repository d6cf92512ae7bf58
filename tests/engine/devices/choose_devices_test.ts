import assert from "node:assert/strict";
import { chooseDevices } from "../../../src/engine/devices/choose_devices.ts";
import { parseUma, withKind } from "../../../src/engine/devices/device_kind.ts";
import { parseDevices } from "../../../src/engine/devices/probe_output.ts";
import { INTEGRATED, RECORDED, SOFTWARE } from "./device_lists.ts";

interface Machine {
  readonly machine: string;
  /** Lines of `--list-devices`. */
  readonly list: readonly string[];
  /** Lines of rpc-server at its start, where it has a Vulkan backend. */
  readonly uma?: readonly string[];
  /** With kinds: `CUDA0 discrete`. */
  readonly used: readonly string[];
  readonly leftOut?: Readonly<Record<string, string>>;
}

/** Machines of which no recorded list was found, in the words of those that were. */
const MACHINES: readonly Machine[] = [
  { machine: "a CPU only", list: ["(none)"], used: [] },
  {
    machine: "one NVIDIA card under CUDA and Vulkan",
    list: [
      "CUDA0: NVIDIA GeForce RTX 3090 (24124 MiB, 23500 MiB free)",
      "Vulkan0: NVIDIA GeForce RTX 3090 (24576 MiB, 23900 MiB free)",
    ],
    used: ["CUDA0 discrete"],
    leftOut: { Vulkan0: "it is the same card as CUDA0" },
  },
  {
    machine: "two equal cards under CUDA and Vulkan, and a third that CUDA is too new for",
    list: [
      "CUDA0: NVIDIA GeForce RTX 3090 (24124 MiB, 23500 MiB free)",
      "CUDA1: NVIDIA GeForce RTX 3090 (24124 MiB, 23500 MiB free)",
      "Vulkan0: NVIDIA GeForce RTX 3090 (24576 MiB, 23900 MiB free)",
      "Vulkan1: NVIDIA GeForce GTX 780 (3072 MiB, 2900 MiB free)",
      "Vulkan2: NVIDIA GeForce RTX 3090 (24576 MiB, 23900 MiB free)",
    ],
    used: ["CUDA0 discrete", "CUDA1 discrete", "Vulkan1 discrete"],
    leftOut: {
      Vulkan0: "it is the same card as CUDA0",
      Vulkan2: "it is the same card as CUDA1",
    },
  },
  {
    machine: "an AMD card under ROCm, which names it otherwise than Vulkan, and an APU",
    list: [
      "ROCm0: AMD Radeon Graphics (24560 MiB, 24512 MiB free)",
      "Vulkan0: AMD Radeon RX 7900 XTX (RADV NAVI31) (24560 MiB, 23010 MiB free)",
      "Vulkan1: AMD Ryzen 9 7950X 16-Core Processor (RADV RAPHAEL_MENDOCINO) (47900 MiB, 47000 MiB free)",
    ],
    uma: [
      "ggml_vulkan: 0 = AMD Radeon RX 7900 XTX (RADV NAVI31) (radv) | uma: 0 | fp16: 1 | warp size: 64 |",
      "ggml_vulkan: 1 = AMD Ryzen 9 7950X 16-Core Processor (RADV RAPHAEL_MENDOCINO) (radv) | uma: 1 | fp16: 1 |",
    ],
    used: ["ROCm0 discrete"],
    leftOut: { Vulkan0: "it is the same card as ROCm0", Vulkan1: INTEGRATED },
  },
  {
    machine: "an Intel GPU before an AMD card",
    list: [
      "Vulkan0: Intel(R) UHD Graphics 770 (ADL-S GT1) (47832 MiB, 43048 MiB free)",
      "Vulkan1: AMD Radeon RX 6600 (RADV NAVI23): eGPU (8176 MiB, 7900 MiB free)",
    ],
    uma: [
      "ggml_vulkan: 0 = Intel(R) UHD Graphics 770 (ADL-S GT1) (Intel open-source Mesa driver) | uma: 1 | fp16: 1 |",
      "ggml_vulkan: 1 = AMD Radeon RX 6600 (RADV NAVI23): eGPU (radv) | uma: 0 | fp16: 1 |",
    ],
    used: ["Vulkan1 discrete"],
    leftOut: { Vulkan0: INTEGRATED },
  },
  {
    machine: "an AMD card before its processor's GPU",
    list: [
      "Vulkan0: AMD Radeon RX 7800 XT (RADV NAVI32) (16368 MiB, 16000 MiB free)",
      "Vulkan1: AMD Radeon Graphics (RADV RAPHAEL_MENDOCINO) (15900 MiB, 15800 MiB free)",
    ],
    used: ["Vulkan0 discrete"],
    leftOut: { Vulkan1: INTEGRATED },
  },
  {
    machine: "an integrated GPU with more free than there is",
    list: ["Vulkan0: Intel(R) Iris(R) Xe Graphics (RPL-P) (15740 MiB, 21000 MiB free)"],
    used: ["Vulkan0 integrated"],
  },
  {
    machine: "a card without free memory beside another",
    list: [
      "CUDA0: NVIDIA RTX A4000 (16376 MiB, 0 MiB free)",
      "CUDA1: NVIDIA RTX A4000 (16376 MiB, 16000 MiB free)",
    ],
    used: ["CUDA1 discrete"],
    leftOut: { CUDA0: "only 0 MiB of it are free, too little to help" },
  },
  {
    machine: "a full card beside an integrated GPU",
    list: [
      "Vulkan0: NVIDIA GeForce GTX 1650 (4096 MiB, 300 MiB free)",
      "Vulkan1: Intel(R) UHD Graphics 630 (CFL GT2) (11900 MiB, 11000 MiB free)",
    ],
    used: ["Vulkan1 integrated"],
    leftOut: { Vulkan0: "only 300 MiB of it are free, too little to help" },
  },
  {
    machine: "Intel's cards under SYCL",
    list: [
      "SYCL0: Intel(R) Arc(TM) A770 Graphics (15473 MiB, 15000 MiB free)",
      "SYCL1: Intel(R) Arc(TM) Pro B50 Graphics (16304 MiB, 15900 MiB free)",
      "SYCL2: Intel(R) UHD Graphics 770 (29000 MiB, 29000 MiB free)",
    ],
    used: ["SYCL0 discrete", "SYCL1 discrete"],
    leftOut: { SYCL2: INTEGRATED },
  },
  {
    machine: "Intel's newer processors under SYCL",
    list: ["SYCL0: Intel(R) Arc(TM) 140V GPU (16GB) (29000 MiB, 28000 MiB free)"],
    used: ["SYCL0 integrated"],
  },
  {
    machine: "NVIDIA's boards that share main memory",
    list: ["CUDA0: NVIDIA GB10 (122502 MiB, 117000 MiB free)"],
    used: ["CUDA0 integrated"],
  },
  {
    machine: "a Jetson",
    list: ["CUDA0: Orin (30696 MiB, 28000 MiB free)"],
    used: ["CUDA0 integrated"],
  },
  {
    machine: "Strix Halo under ROCm and Vulkan",
    list: [
      "ROCm0: AMD Radeon 8060S Graphics (98304 MiB, 98000 MiB free)",
      "Vulkan0: AMD Radeon 8060S Graphics (RADV GFX1151) (115000 MiB, 114000 MiB free)",
    ],
    used: ["ROCm0 integrated"],
    leftOut: { Vulkan0: "it is the same card as ROCm0" },
  },
  {
    machine: "a software renderer only",
    list: ["Vulkan0: llvmpipe (LLVM 22.1.8, 256 bits) (24105 MiB, 23291 MiB free)"],
    used: [],
    leftOut: { Vulkan0: SOFTWARE },
  },
  {
    machine: "SwiftShader beside a card",
    list: [
      "Vulkan0: SwiftShader Device (LLVM 10.0.0) (32000 MiB, 32000 MiB free)",
      "Vulkan1: NVIDIA T4 (15360 MiB, 15000 MiB free)",
    ],
    used: ["Vulkan1 discrete"],
    leftOut: { Vulkan0: SOFTWARE },
  },
];

function devicesOf({ list, uma = [] }: Pick<Machine, "list" | "uma">) {
  const listed = parseDevices(
    ["Available devices:", ...list.map((line) => `  ${line}`)].join("\n"),
  );
  const told = parseUma(`ggml_vulkan: Found 2 Vulkan devices:\n${uma.join("\n")}\n`);
  return listed.map((device) => withKind(device, told));
}

const CASES = [
  ...MACHINES.map((machine) => ({ ...machine, devices: devicesOf(machine) })),
  ...RECORDED.map((recorded) => ({
    ...recorded,
    devices: parseDevices(recorded.text).map((device) =>
      withKind(device, parseUma(recorded.start ?? ""))
    ),
  })),
];

for (const { machine, devices, used, leftOut = {} } of CASES) {
  Deno.test(`chooseDevices() on a machine with ${machine}`, () => {
    const choice = chooseDevices(devices, null);
    assert.deepEqual(choice.devices.map(({ name, kind }) => `${name} ${kind}`), used);
    const reasons = choice.leftOut.map(({ name, reason }) => [name, reason]);
    assert.deepEqual(Object.fromEntries(reasons), leftOut);
    for (const { reason, isFull } of choice.leftOut) assert.equal(isFull, / free/.test(reason));
    for (const { freeBytes, totalBytes } of choice.devices) assert(freeBytes <= totalBytes);
  });
}

Deno.test("chooseDevices() takes what --device names, in that order, once, and nothing else", () => {
  const listed = devicesOf({
    list: [
      "Vulkan0: llvmpipe (LLVM 22.1.8, 256 bits) (24105 MiB, 30000 MiB free)",
      "Vulkan1: NVIDIA T4 (15360 MiB, 1 MiB free)",
    ],
  });
  const chosen = chooseDevices(listed, ["vulkan1", "Vulkan0", "Vulkan1"]);
  assert.deepEqual(chosen.devices.map(({ name }) => name), ["Vulkan1", "Vulkan0"]);
  assert.equal(chosen.devices[1]?.freeBytes, chosen.devices[1]?.totalBytes);
  assert.deepEqual(chooseDevices(listed, []), { devices: [], leftOut: [] });
  assert.throws(() => chooseDevices(listed, ["CUDA0"]), {
    message: "--device names CUDA0, and llama.cpp has no such device: " +
      "it lists Vulkan0, Vulkan1. Name some of these, or none for the CPU alone",
  });
  assert.throws(() => chooseDevices([], ["CUDA0"]), {
    message: "--device names CUDA0, and llama.cpp has no such device: " +
      "it lists none on this machine. Use --device none",
  });
});
