import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { driverKey } from "../../../src/engine/devices/driver_key.ts";
import { tempDir } from "../temp_dir.ts";

async function write(root: string, path: string, text = ""): Promise<void> {
  await Deno.mkdir(dirname(join(root, path)), { recursive: true });
  await Deno.writeTextFile(join(root, path), text);
}

const BOOT = "proc/sys/kernel/random/boot_id";

for (
  const [change, path] of [
    ["NVIDIA's driver is loaded", "dev/nvidiactl"],
    ["AMD's driver is loaded", "dev/kfd"],
    ["a card appears", "dev/dri/renderD129"],
    ["a Vulkan driver is installed", "usr/share/vulkan/icd.d/radeon_icd.json"],
    ["a Vulkan driver is installed by hand", "etc/vulkan/icd.d/nvidia_icd.json"],
    ["the machine starts again", BOOT],
    ["NVIDIA's driver is another one", "proc/driver/nvidia/version"],
  ] as const
) {
  Deno.test(`driverKey() changes when ${change}, and when that is undone`, async () => {
    await using dir = await tempDir();
    await write(dir.path, BOOT, "one\n");
    await write(dir.path, "dev/dri/renderD128");
    const before = await driverKey(dir.path);
    assert.equal(await driverKey(dir.path), before);
    await write(dir.path, path, "two\n");
    const after = await driverKey(dir.path);
    assert.notEqual(after, before);
    if (path === BOOT) return;
    await Deno.remove(join(dir.path, path));
    assert.equal(await driverKey(dir.path), before);
  });
}

Deno.test("driverKey() changes with the cards that a user leaves to llama.cpp", async () => {
  const before = await driverKey();
  Deno.env.set("CUDA_VISIBLE_DEVICES", "7");
  try {
    assert.notEqual(await driverKey(), before);
  } finally {
    Deno.env.delete("CUDA_VISIBLE_DEVICES");
  }
});
