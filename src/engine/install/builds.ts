/** The builds of llama.cpp that its release holds, and what each needs. */

import type { Backend, EngineBuild } from "../base/types.ts";

/** The requirements on NVIDIA's driver and cards. */
export interface CudaNeeds {
  /** First major version of the driver. */
  readonly driver: number;
  /** ... where a card is older than compute capability 7.0, or its capability is not known. */
  readonly driverOfOld: number;
  /** Lowest compute capability that the build has code for. */
  readonly capability: number;
}

interface Build {
  /** For people: `using CUDA 12.8`. */
  readonly name: string;
  readonly backend: Backend;
  /** Deno's names of the architectures that it is built for, on Linux. */
  readonly archs: readonly string[];
  /** The words between `ubuntu` and the architecture in the archive's name; a number's first part is enough. */
  readonly words: readonly string[];
  /** All archives together, of release b11541. */
  readonly downloadBytes: number;
  readonly cuda: CudaNeeds | null;
}

const X64 = "x86_64";
const ARM64 = "aarch64";

export const BUILDS: Readonly<Record<EngineBuild, Build>> = {
  "cuda-13": {
    name: "CUDA 13",
    backend: "cuda",
    archs: [X64, ARM64],
    words: ["cuda", "13"],
    downloadBytes: 591e6,
    cuda: { driver: 580, driverOfOld: 580, capability: 7.5 },
  },
  "cuda-12": {
    name: "CUDA 12.8",
    backend: "cuda",
    archs: [X64],
    words: ["cuda", "12"],
    downloadBytes: 764e6,
    cuda: { driver: 550, driverOfOld: 570, capability: 0 },
  },
  rocm: {
    name: "ROCm",
    backend: "rocm",
    archs: [X64],
    words: ["rocm", ""],
    downloadBytes: 240e6,
    cuda: null,
  },
  vulkan: {
    name: "Vulkan",
    backend: "vulkan",
    archs: [X64, ARM64],
    words: ["vulkan"],
    downloadBytes: 31e6,
    cuda: null,
  },
  cpu: {
    name: "the CPU",
    backend: "cpu",
    archs: [X64, ARM64],
    words: [],
    downloadBytes: 17e6,
    cuda: null,
  },
  /** The archives for macOS name no backend. */
  metal: {
    name: "Metal",
    backend: "metal",
    archs: [],
    words: [],
    downloadBytes: 20e6,
    cuda: null,
  },
};

/** The glibc that a release's archives need on Linux: where they are built decides it. */
export function neededGlibc(build: EngineBuild, arch: string): string {
  return arch === ARM64 || BUILDS[build].cuda !== null || build === "rocm" ? "2.38" : "2.34";
}

/** Archive and what is unpacked of it lie on the disk at the same time. */
export function neededDiskBytes(build: EngineBuild): number {
  return 3 * BUILDS[build].downloadBytes;
}
