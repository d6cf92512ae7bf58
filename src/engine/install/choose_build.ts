/** Which builds of llama.cpp suit a machine, the best first, and why no better one. Pure. */

import { formatBytes } from "../../base/format_bytes.ts";
import { compareVersions } from "../../base/compare_versions.ts";
import type { BackendChoice, EngineBuild, EngineSource } from "../base/types.ts";
import type { MachineFacts, NvidiaFacts } from "../devices/machine_facts.ts";
import { BUILDS, type CudaNeeds, neededDiskBytes, neededGlibc } from "./builds.ts";

/** One build from one source. */
export interface Candidate {
  readonly build: EngineBuild;
  readonly source: EngineSource;
}

export interface BuildChoice {
  /** The best first. */
  readonly candidates: readonly Candidate[];
  /** Why better ones are not among them. */
  readonly refusals: readonly Refusal[];
}

export interface Refusal {
  /** `RTX 3060, driver 535: CUDA 12.8 needs 550` */
  readonly found: string;
  /** The remedy that would make it run here; `null` if there is none. */
  readonly remedy: string | null;
}

export interface Wish {
  readonly backend: BackendChoice;
  /** `null`: the release first, then Debian. */
  readonly from: EngineSource | null;
}

interface Judged {
  readonly builds: readonly EngineBuild[];
  readonly refusals: readonly Refusal[];
}

/**
 * The rule: CUDA where driver, cards and system are new enough, else Vulkan's build, which without a GPU is a CPU build and
 * one library more. The CPU's own remains for where Vulkan's does not work. ROCm is taken only where it is asked for.
 */
export function chooseBuilds(facts: MachineFacts, { backend, from }: Wish): BuildChoice {
  const { builds, refusals } = judge(facts, backend);
  const sources = (["release", "debian"] as const).filter((one) => from === null || one === from);
  const candidates = builds.flatMap((build) =>
    sources.filter((source) => hasBuild(source, build, facts)).map((source) => ({ build, source }))
  );
  const [first] = builds;
  const refusal = first === undefined || from === "debian" ? null : releaseRefusal(first, facts);
  return { candidates, refusals: [...refusals, ...(refusal === null ? [] : [refusal])] };
}

function hasBuild(source: EngineSource, build: EngineBuild, facts: MachineFacts): boolean {
  return source === "release" ? releaseRefusal(build, facts) === null : isDebians(build, facts);
}

function judge(facts: MachineFacts, backend: BackendChoice): Judged {
  if (facts.os === "darwin") return judgeMac(facts, backend);
  switch (backend) {
    case "auto": {
      const { builds, refusals } = judgeCuda(facts);
      return { builds: [...builds, "vulkan", "cpu"], refusals };
    }
    case "cuda":
      return facts.nvidia === null
        ? refused("CUDA needs NVIDIA's driver, which is not loaded")
        : judgeCuda(facts);
    case "rocm":
      return facts.hasKfd
        ? orRefused("rocm", systemRefusal("rocm", "AMD", facts))
        : refused("ROCm needs AMD's driver with /dev/kfd, which is not there");
    case "vulkan":
    case "cpu":
      return { builds: [backend], refusals: [] };
  }
}

/** The archive for Apple's chips has Metal in it, that for Intel's is built without. */
function judgeMac({ arch }: MachineFacts, backend: BackendChoice): Judged {
  if (backend !== "auto" && backend !== "cpu") {
    return refused(`llama.cpp's release has no build with ${NAMES[backend]} for macOS`);
  }
  return { builds: [arch === "aarch64" ? "metal" : "cpu"], refusals: [] };
}

const NAMES = { cuda: "CUDA", rocm: "ROCm", vulkan: "Vulkan" };

function judgeCuda(facts: MachineFacts): Judged {
  const { nvidia } = facts;
  if (nvidia === null) return { builds: [], refusals: [] };
  const judged = (["cuda-13", "cuda-12"] as const)
    .filter((build) => BUILDS[build].archs.includes(facts.arch))
    .map((build) => ({ build, refusal: cudaRefusal(build, nvidia, facts) }));
  const refusals = judged.flatMap(({ refusal }) => refusal ?? []);
  return {
    builds: judged.flatMap(({ build, refusal }) => refusal === null ? [build] : []),
    // Of two that are refused the lower hurdle is told; of what is worse than the best one nothing.
    refusals: judged[0]?.refusal === null ? [] : refusals.slice(-1),
  };
}

const AGAIN = "mesh-llm engine install";

/** `RTX 3060, driver 535: CUDA 12.8 needs 550`; `null` where the build would run. */
function cudaRefusal(
  build: "cuda-13" | "cuda-12",
  nvidia: NvidiaFacts,
  facts: MachineFacts,
): Refusal | null {
  const needs = BUILDS[build].cuda;
  if (needs === null) return null;
  const driver = Number.parseInt(nvidia.driver, 10);
  const who = `${cardsOf(nvidia)}, driver ${driver}`;
  const needed = neededDriver(needs, nvidia);
  const { name } = BUILDS[build];
  if (driver < needed) {
    const remedy = `Install NVIDIA's driver ${needed} or newer, then run ${AGAIN}`;
    return { found: `${who}: ${name} needs ${needed}`, remedy };
  }
  const old = tooOld(needs, nvidia);
  if (old !== null) return { found: `${who}: ${name} needs ${old}`, remedy: null };
  return systemRefusal(build, cardsOf(nvidia), facts);
}

function neededDriver({ driver, driverOfOld }: CudaNeeds, { gpus }: NvidiaFacts): number {
  const isOld = gpus.length === 0 || gpus.some(({ capability }) => (capability ?? 0) < 7);
  return isOld ? driverOfOld : driver;
}

function tooOld({ capability: needed }: CudaNeeds, { gpus }: NvidiaFacts): string | null {
  if (needed === 0) return null;
  const lacks = `compute capability ${needed}`;
  if (gpus.length === 0) return `${lacks}, and nvidia-smi does not tell it`;
  const old = gpus.find(({ capability }) => (capability ?? 0) < needed);
  if (old === undefined) return null;
  return old.capability === null
    ? `${lacks}, and nvidia-smi does not tell it`
    : `${lacks}, and ${shortName(old.name)} has ${old.capability.toFixed(1)}`;
}

/** The requirements on the machine, whatever its cards. */
function systemRefusal(build: EngineBuild, who: string, facts: MachineFacts): Refusal | null {
  const { name } = BUILDS[build];
  const glibc = releaseRefusal(build, facts);
  if (glibc !== null) return { ...glibc, found: `${who}, ${glibc.found}` };
  const { freeBytes } = facts;
  const needed = neededDiskBytes(build);
  if (freeBytes === null || freeBytes >= needed) return null;
  return {
    found: `${who}, ${formatBytes(freeBytes)} free on the disk: ${name} needs ${
      formatBytes(needed)
    }`,
    remedy: `Free some space, then run ${AGAIN}`,
  };
}

/** Why the release has no archive that runs here. */
function releaseRefusal(build: EngineBuild, { os, arch, glibc }: MachineFacts): Refusal | null {
  if (os === "darwin") return null;
  const { name, archs } = BUILDS[build];
  if (!archs.includes(arch)) {
    return { found: `llama.cpp's release has no build with ${name} for ${arch}`, remedy: null };
  }
  const needed = neededGlibc(build, arch);
  if (glibc !== null && compareVersions(glibc, needed) >= 0) return null;
  return {
    found: `${glibc === null ? "no glibc" : `glibc ${glibc}`}: ` +
      `llama.cpp's release with ${name} needs ${needed}`,
    // A newer system has it, which is no advice to someone whose llama.cpp works.
    remedy: null,
  };
}

/** Debian's packages bring a C library of their own, and no CUDA or ROCm that was tried. */
function isDebians(build: EngineBuild, { os, arch }: MachineFacts): boolean {
  const isBuilt = build === "vulkan" || build === "cpu";
  return os === "linux" && isBuilt && BUILDS[build].archs.includes(arch);
}

function cardsOf({ gpus }: NvidiaFacts): string {
  const names = [...new Set(gpus.map(({ name }) => shortName(name)))];
  return names.length === 0 ? "NVIDIA's GPU" : names.join(", ");
}

function shortName(name: string): string {
  return name.replace(/^NVIDIA (?:GeForce )?/, "");
}

function refused(found: string): Judged {
  return { builds: [], refusals: [{ found, remedy: null }] };
}

function orRefused(build: EngineBuild, refusal: Refusal | null): Judged {
  return refusal === null ? { builds: [build], refusals: [] } : { builds: [], refusals: [refusal] };
}
