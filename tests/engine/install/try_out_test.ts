/** An engine is tried out on the device that it is for: real llama.cpp with Vulkan, on fake GPUs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { tryOut } from "../../../src/engine/install/try_out.ts";
import { guideTrial } from "../../../src/models/mod.ts";
import {
  type FakeGpu,
  fakeGpus,
  type GpuEngine,
  gpuEngineOrReason,
  gpuTest,
  noGpus,
} from "../../support/fake_gpus.ts";
import { tempDir } from "../temp_dir.ts";

const found = await gpuEngineOrReason();

const CARD: FakeGpu = { kind: "discrete", totalMiB: 8_192 };

/** Tries the engine out on a machine with this environment. */
async function tried(
  { binDir }: GpuEngine,
  environment: Readonly<Record<string, string>>,
  build: "vulkan" | "cpu" | "cuda-13" = "vulkan",
) {
  await using dir = await tempDir();
  const before = Deno.env.toObject();
  for (const [name, value] of Object.entries(environment)) Deno.env.set(name, value);
  try {
    const trial = await guideTrial(dir.path);
    return await tryOut(join(binDir, "llama-server"), { build, trial });
  } finally {
    for (const name of Object.keys(environment)) {
      const value = before[name];
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

gpuTest(found, "tryOut() has the guide answer on a GPU of the build's backend", async (engine) => {
  const { device } = await tried(engine, fakeGpus(engine, [CARD]));
  assert.equal(device, "Vulkan0");
});

gpuTest(found, "tryOut() has it answer on the CPU where Vulkan finds no GPU", async (engine) => {
  assert.equal((await tried(engine, noGpus())).device, null);
});

gpuTest(found, "tryOut() of a CPU build leaves a GPU alone", async (engine) => {
  assert.equal((await tried(engine, fakeGpus(engine, [CARD]), "cpu")).device, null);
});

gpuTest(found, "tryOut() of a CUDA build takes no card of Vulkan's for one", async (engine) => {
  await assert.rejects(
    tried(engine, fakeGpus(engine, [CARD]), "cuda-13"),
    /^EngineInstallError: it finds no device for CUDA 13 on this machine$/,
  );
});

gpuTest(found, "tryOut() tells of a GPU that gives no memory", async (engine) => {
  const full = fakeGpus(engine, [{ ...CARD, freeMiB: 1 }], { limited: true });
  await assert.rejects(tried(engine, full), (error: Error) => {
    assert.equal(error.name, "EngineInstallError");
    assert.match(error.message, /^it ends with code \d+ on Vulkan0: .*/);
    return true;
  });
});
