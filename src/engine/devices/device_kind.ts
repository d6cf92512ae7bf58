/** The kinds of the devices that llama.cpp lists, as far as its words tell. Pure. */

import type { DeviceKind, EngineDevice } from "../base/types.ts";

export type ListedDevice = Omit<EngineDevice, "kind">;

/** Implementations on the CPU: they compute right, and slower than llama.cpp's own CPU code. */
const SOFTWARE =
  /llvmpipe|lavapipe|swiftshader|softpipe|basic render driver|GGML_OPENVINO_DEVICE=CPU/i;

/** Cards that their driver calls as it calls a processor's GPU, but for a number or a code name: Intel's. */
const CARD = /\[0x(?:e2|56|49|0b)[0-9a-f]{2}\]|\((?:BMG|DG[12])\b/i;

/**
 * GPUs that use main memory, by name, for backends that do not tell: NVIDIA's boards, AMD's and Intel's processors,
 * Apple's and Qualcomm's chips. Vulkan tells it, ROCm by the architecture, and both are asked first.
 */
const INTEGRATED = [
  /\b(GB10|Orin|Thor|Xavier|Tegra|Jetson)\b/i,
  /\bRadeon(\(TM\))? (Graphics\b|Vega \d+ Graphics|R\d Graphics|\d{3}M\b|80\d0S\b)/i,
  /\bgfx(90c|103[3-6]|1103|115\d)\b/i,
  /\b(UHD|HD|Iris)(\(R\))?( \w+)? Graphics\b|\bIntel\(R\) Graphics\b|\bIntel Iris\b/i,
  /\bArc(\(TM\))? (Graphics|1[34]0[VT]\b|B3[79]0\b)/i,
  // ROCm calls a processor's GPU by the processor where it has no other name; OpenVINO has main memory, whatever it uses.
  /\bRyzen\b|\bProcessor\b|\(iGPU\)|^OpenVINO Runtime$/,
  /^Apple\b|\bAdreno\b|\bMali\b/i,
];

/** AMD's processors by the architecture of their GPU. */
const PROCESSORS = /^gfx(?:90c|103[3-6]|1103|115\d)$/;

/**
 * Architectures of cards alone. Those that are missing are also given to processors' GPUs, by `HSA_OVERRIDE_GFX_VERSION`, so
 * that they prove nothing.
 */
const CARDS = /^gfx(?:906|908|90a|94\d|95\d|120\d)$/;

/**
 * The devices that say whether they use main memory, as any of llama.cpp's programs writes it when it loads the backend:
 * `ggml_vulkan: 1 = AMD Radeon 780M (RADV PHOENIX) | uma: 1 | fp16: 1 | ...`, and under ROCm
 * `  Device 0: AMD Radeon Graphics, gfx906:sramecc+:xnack- (0x906), VMM: no, Wave Size: 64`
 */
export function parseUma(output: string): ReadonlyMap<string, boolean> {
  const vulkan = output.matchAll(/^ggml_vulkan: (\d+) = .* \| uma: ([01]) \|/gm);
  const rocm = output.matchAll(/^ +Device (\d+): .*, (gfx[0-9a-f]+)\b/gm);
  return new Map([
    ...[...vulkan].map(([, index, uma]) => [`Vulkan${index}`, uma === "1"] as const),
    ...[...rocm].flatMap(([, index, architecture = ""]) => {
      const isProcessor = PROCESSORS.test(architecture);
      const isKnown = isProcessor || CARDS.test(architecture);
      return isKnown ? [[`ROCm${index}`, isProcessor] as const] : [];
    }),
  ]);
}

export function withKind(device: ListedDevice, uma: ReadonlyMap<string, boolean>): EngineDevice {
  return { ...device, kind: kindOf(device, uma.get(device.name)) };
}

function kindOf({ description }: ListedDevice, uma: boolean | undefined): DeviceKind {
  if (SOFTWARE.test(description)) return "software";
  const byName = !CARD.test(description) && INTEGRATED.some((one) => one.test(description));
  return uma ?? byName ? "integrated" : "discrete";
}
