import assert from "node:assert/strict";
import { join } from "node:path";
import { parseDevices } from "../../../src/engine/devices/probe_output.ts";
import {
  fakeGpus,
  type GpuEngine,
  gpuEngineOrReason,
  gpuTest,
  noGpus,
} from "../../support/fake_gpus.ts";

const found = await gpuEngineOrReason();

gpuTest(
  found,
  "the layer shows llama.cpp the GPUs that it was told, one card once",
  async (engine) => {
    const twice = { kind: "discrete", totalMiB: 16_000, card: 7 } as const;
    const env = fakeGpus(engine, [
      { name: "Intel(R) UHD Graphics: 770 (RPL-S)", kind: "integrated", totalMiB: 30_000 },
      { name: "RTX", kind: "discrete", totalMiB: 8_000, freeMiB: 1 },
      twice,
      twice,
    ]);
    const listed = parseDevices(await listDevices(engine, env));
    assert.deepEqual(
      listed.map(({ name, description, totalBytes, freeBytes }) => [
        ...[name, description, totalBytes / 2 ** 20, freeBytes / 2 ** 20],
      ]),
      [
        ["Vulkan0", "Intel(R) UHD Graphics: 770 (RPL-S)", 30_000, 30_000],
        ["Vulkan1", "RTX", 8_000, 1],
        ["Vulkan2", "GPU 2", 16_000, 16_000],
      ],
    );
  },
);

gpuTest(found, "without a driver there is no device", async (engine) => {
  assert.deepEqual(parseDevices(await listDevices(engine, noGpus())), []);
});

async function listDevices({ binDir }: GpuEngine, env: Record<string, string>): Promise<string> {
  const command = new Deno.Command(join(binDir, "llama-server"), { args: ["--list-devices"], env });
  return new TextDecoder().decode((await command.output()).stdout);
}
