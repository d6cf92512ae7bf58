/** Any set of GPUs, for llama-server, rpc-server and nodes that run them. */

import { type FoundGpuEngine, type GpuEngine, kernelSettings } from "./gpu_engine.ts";

export { type GpuEngine, gpuEngineOrReason, softwareRenderer } from "./gpu_engine.ts";

export interface FakeGpu {
  /** llama.cpp's description. @default {"GPU 0"} and so on */
  readonly name?: string;
  readonly kind: "discrete" | "integrated";
  readonly totalMiB: number;
  /** @default {what it has in total} */
  readonly freeMiB?: number;
  /** Entries of one number are one card. @default {a card of its own} */
  readonly card?: number;
  /** An allocation beyond this fails, whatever is told to be free. */
  readonly limitMiB?: number;
  /** A file with a byte for each process that is to lose the GPU, as by a reset of its driver. */
  readonly lostFile?: string;
}

export interface FakeOptions {
  /** An allocation beyond what is free fails, as on a real card. */
  readonly limited?: boolean;
}

/** Vulkan's numbers. */
const TYPES = { integrated: 1, discrete: 2 };

/** The environment of a process that sees these GPUs, in this order, and no other. */
export function fakeGpus(
  engine: GpuEngine,
  gpus: readonly FakeGpu[],
  { limited = false }: FakeOptions = {},
): Record<string, string> {
  const list = (value: (gpu: FakeGpu, index: number) => string | number) =>
    gpus.map(value).join(";");
  return {
    ...kernelSettings(engine),
    VK_DRIVER_FILES: engine.drivers.slice(0, gpus.length).join(":"),
    VK_IMPLICIT_LAYER_PATH: engine.layerDir,
    FAKE_VK: "1",
    FAKE_VK_TYPES: list(({ kind }) => TYPES[kind]),
    FAKE_VK_NAMES: list(({ name }, index) => name ?? `GPU ${index}`),
    FAKE_VK_MB: list(({ totalMiB }) => totalMiB),
    FAKE_VK_FREE_MB: list(({ totalMiB, freeMiB }) => freeMiB ?? totalMiB),
    FAKE_VK_CARDS: list(({ card }, index) => card ?? index),
    ...(gpus.some(({ limitMiB }) => limitMiB !== undefined)
      ? { FAKE_VK_LIMIT_MB: list(({ totalMiB, limitMiB }) => limitMiB ?? totalMiB) }
      : {}),
    ...(gpus.some(({ lostFile }) => lostFile !== undefined)
      ? { FAKE_VK_LOST: list(({ lostFile }) => lostFile ?? "") }
      : {}),
    ...(limited ? { FAKE_VK_LIMIT: "1" } : {}),
  };
}

/** No Vulkan driver at all. */
export function noGpus(): Record<string, string> {
  return { VK_DRIVER_FILES: "/dev/null" };
}

/** A test that needs fake GPUs; ignored, with the reason in its name, where there are none. */
export function gpuTest(
  found: FoundGpuEngine,
  name: string,
  fn: (engine: GpuEngine) => Promise<void>,
): void {
  if ("reason" in found) Deno.test.ignore(`${name} (${found.reason})`, () => {});
  else Deno.test(name, () => fn(found));
}
