/** The kinds of the devices that llama.cpp lists, as far as its words tell. Pure. */

import type { DeviceKind, EngineDevice } from "../base/types.ts";

export type ListedDevice = Omit<EngineDevice, "kind">;

/** Vulkan's implementations on the CPU: they compute right, and slower than llama.cpp's own CPU code. */
const SOFTWARE = /llvmpipe|lavapipe|swiftshader|softpipe|basic render driver/i;

/**
 * GPUs that use main memory, by name, for backends that do not tell: NVIDIA's boards, AMD's and Intel's processors,
 * Apple's and Qualcomm's chips. Vulkan tells it, and is asked first.
 */
const INTEGRATED = [
  /\b(GB10|Orin|Thor|Xavier|Tegra|Jetson)\b/i,
  /\bRadeon(\(TM\))? (Graphics\b|Vega \d+ Graphics|R\d Graphics|\d{3}M\b|80\d0S\b)/i,
  /\bgfx(90c|103[3-6]|1103|115\d)\b/i,
  /\b(UHD|HD|Iris)(\(R\))?( \w+)? Graphics\b|\bIntel\(R\) Graphics\b|\bIntel Iris\b/i,
  /\bArc(\(TM\))? (Graphics|1[34]0[VT]\b)/i,
  /^Apple\b|\bAdreno\b|\bMali\b/i,
];

/**
 * The Vulkan devices that say whether they use main memory, as any of llama.cpp's programs writes it when it loads the
 * backend: `ggml_vulkan: 1 = AMD Radeon 780M (RADV PHOENIX) | uma: 1 | fp16: 1 | ...`
 */
export function parseUma(output: string): ReadonlyMap<string, boolean> {
  const lines = output.matchAll(/^ggml_vulkan: (\d+) = .* \| uma: ([01]) \|/gm);
  return new Map([...lines].map(([, index, uma]) => [`Vulkan${index}`, uma === "1"]));
}

export function withKind(device: ListedDevice, uma: ReadonlyMap<string, boolean>): EngineDevice {
  return { ...device, kind: kindOf(device, uma.get(device.name)) };
}

function kindOf({ description }: ListedDevice, uma: boolean | undefined): DeviceKind {
  if (SOFTWARE.test(description)) return "software";
  const isIntegrated = uma ?? INTEGRATED.some((pattern) => pattern.test(description));
  return isIntegrated ? "integrated" : "discrete";
}
