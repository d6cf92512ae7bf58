/** Which backend a device of llama.cpp belongs to, by the beginning of its name. */

import type { Backend } from "../base/types.ts";

const DEVICES: readonly (readonly [Backend, RegExp])[] = [
  ["cuda", /^CUDA\d/],
  ["rocm", /^(ROCm|HIP)\d/],
  ["metal", /^(Metal|MTL)/],
  ["vulkan", /^Vulkan\d/],
];

interface Named {
  readonly name: string;
}

export function deviceFor(backend: Backend, devices: readonly Named[]): Named | undefined {
  const pattern = DEVICES.find(([name]) => name === backend)?.[1];
  return devices.find(({ name }) => pattern?.test(name));
}

/** The best one that has a device; `null` for one that is not known here. */
export function backendOf(devices: readonly Named[]): Backend | null {
  if (devices.length === 0) return "cpu";
  return DEVICES.find(([backend]) => deviceFor(backend, devices) !== undefined)?.[0] ?? null;
}
