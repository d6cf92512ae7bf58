/** A key that changes when a driver of a GPU appears, is replaced, or goes. */

import { join } from "node:path";
import { canLoad } from "./read_facts.ts";

/** Files and folders that drivers bring, whose entries count too. */
const FILES = ["dev/nvidiactl", "dev/dxg", "dev/kfd", "proc/driver/nvidia/version"];
const FOLDERS = [
  "dev/dri",
  "etc/vulkan/icd.d",
  "usr/share/vulkan/icd.d",
  "usr/local/share/vulkan/icd.d",
];

/** A driver may come with the next boot only. */
const BOOT_ID = "proc/sys/kernel/random/boot_id";

/** Which cards a user leaves to llama.cpp, and by which driver. */
const VARIABLES = [
  "CUDA_VISIBLE_DEVICES",
  "HIP_VISIBLE_DEVICES",
  "ROCR_VISIBLE_DEVICES",
  "GGML_VK_VISIBLE_DEVICES",
  "VK_DRIVER_FILES",
  "VK_ICD_FILENAMES",
  "VK_ADD_DRIVER_FILES",
];

/** Equal as long as llama.cpp finds the same devices. */
export async function driverKey(root = "/"): Promise<string> {
  const [boot, ...parts] = await Promise.all([
    Deno.readTextFile(join(root, BOOT_ID)).catch(() => ""),
    ...FILES.map((path) => fileKey(join(root, path))),
    ...FOLDERS.map((path) => folderKey(join(root, path))),
  ]);
  const variables = VARIABLES.map((name) => `${name}=${Deno.env.get(name) ?? ""}`);
  const hasVulkan = Deno.build.os === "linux" && canLoad("libvulkan.so.1");
  return [boot.trim(), ...parts.filter((part) => part !== ""), ...variables, `vulkan=${hasVulkan}`]
    .join("\n");
}

async function fileKey(path: string): Promise<string> {
  const info = await Deno.stat(path).catch(() => null);
  if (info === null) return "";
  // Files of /proc are of the moment at which one looks.
  const when = path.includes("/proc/") ? await Deno.readTextFile(path).catch(() => "") : info.mtime;
  return `${path} ${when instanceof Date ? when.getTime() : when}`;
}

async function folderKey(path: string): Promise<string> {
  const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name).catch(() => []);
  const keys = await Promise.all(names.sort().map((name) => fileKey(join(path, name))));
  return keys.join("\n");
}
