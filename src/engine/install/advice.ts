/** The backend that computes on this machine, why no better one does, and the remedy. Pure. */

import type { MachineFacts } from "../devices/machine_facts.ts";
import type { Backend, EngineAdvice, EngineRecord, LeftDevice } from "../base/types.ts";
import { backendOf } from "./backends.ts";
import { BUILDS } from "./builds.ts";
import { chooseBuilds } from "./choose_build.ts";

export interface AdviceInput {
  readonly devices: readonly { readonly name: string }[];
  readonly leftOut: readonly LeftDevice[];
  /** The user has named the devices: no others are wanted. */
  readonly isChosen: boolean;
  /** `null`: an engine that was not installed by us. */
  readonly record: EngineRecord | null;
  readonly facts: MachineFacts;
}

type Advice = Omit<EngineAdvice, "backend">;

const INSTALL = "Run mesh-llm engine install, and start the node again";

export function adviceOf(input: AdviceInput): EngineAdvice {
  const backend = backendOf(input.devices);
  if (input.isChosen) return { backend, ...BEST };
  const advice = backend === "cpu" ? withoutDevice(input) : withDevice(backend, input);
  return { backend, ...advice };
}

const BEST: Advice = { found: null, remedy: null };

/** It uses a GPU; of CUDA and Vulkan on one card CUDA is the faster. */
function withDevice(backend: Backend | null, { record, facts }: AdviceInput): Advice {
  if (backend !== "vulkan" || facts.nvidia === null) return BEST;
  const { candidates, refusals } = chooseBuilds(facts, { backend: "auto", from: null });
  const best = candidates[0]?.build;
  if (best === undefined || BUILDS[best].backend !== "cuda") {
    const [refusal] = refusals;
    return refusal === undefined ? BEST : told(refusal.found, "Vulkan", refusal.remedy);
  }
  const { name } = BUILDS[best];
  // It was tried, and did not work. The reason not to try it, such as an old driver, may be mended since.
  if (record?.why?.includes(`with ${name} from`)) return { found: record.why, remedy: INSTALL };
  return {
    found: `${name} would run here, and this llama.cpp uses Vulkan`,
    remedy: INSTALL,
  };
}

function told(found: string, used: string, remedy: string | null): Advice {
  return { found: `${found}; using ${used}`, remedy };
}

function withoutDevice({ leftOut, record, facts }: AdviceInput): Advice {
  const full = leftOut.find(({ isFull }) => isFull);
  if (full !== undefined) {
    return {
      found: `${full.name} (${full.description}) is not used: ${full.reason}`,
      remedy: "End the program that has its memory, and start the node again",
    };
  }
  const { gpus } = facts;
  if (gpus.length === 0) return gone(record);
  const there = `There is a GPU (${gpus.join(", ")}), and this llama.cpp does not use it`;
  if (record === null) return { found: there, remedy: INSTALL };
  const { backend, name } = BUILDS[record.build];
  if (backend === "cpu") {
    return { found: record.why === null ? there : `${there}: ${record.why}`, remedy: INSTALL };
  }
  if (backend !== "vulkan") return { found: `${there}: ${name} finds no device`, remedy: INSTALL };
  return { found: `${there}: ${whyNoVulkan(record, facts)}`, remedy: driverRemedy(record, facts) };
}

/** A card was there when it was installed. */
function gone(record: EngineRecord | null): Advice {
  if (record?.device === null || record?.device === undefined) return BEST;
  return {
    found: `llama.cpp was installed for ${record.device}, which is not there any more`,
    remedy: "See that the GPU's driver is loaded, or that the container is given the GPU",
  };
}

/** Debian's packages bring the library. */
function lacksLoader({ source }: EngineRecord, { hasVulkanLoader }: MachineFacts): boolean {
  return source === "release" && !hasVulkanLoader;
}

function whyNoVulkan(record: EngineRecord, facts: MachineFacts): string {
  if (lacksLoader(record, facts)) return "Vulkan's library, libvulkan.so.1, is not on this machine";
  return "there is no Vulkan driver for it";
}

function driverRemedy(record: EngineRecord, facts: MachineFacts): string {
  const packages = [
    ...(lacksLoader(record, facts) ? ["libvulkan1"] : []),
    ...(facts.gpus.some((maker) => maker !== "NVIDIA") ? ["mesa-vulkan-drivers"] : []),
  ];
  const parts = [
    ...(packages.length === 0 ? [] : [
      `${packages.join(" and ")}, as Debian and Ubuntu call ${
        packages.length === 1 ? "it" : "them"
      }`,
    ]),
    ...(facts.gpus.includes("NVIDIA") ? ["NVIDIA's own driver with its Vulkan part"] : []),
  ];
  return `Install ${parts.join(", and ")}, and start the node again`;
}
