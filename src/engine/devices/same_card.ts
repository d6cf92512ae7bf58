/** Whether two entries of llama.cpp's list are one physical card, which it shows under each backend that can use it. Pure. */

import type { EngineDevice } from "../base/types.ts";

/** Backends that work for any maker's GPU. One that a maker wrote for its own is faster. */
const GENERAL = ["Vulkan", "OpenCL", "GPUOpenCL", "WebGPU"];

/** Makers whose cards have other names under other backends. NVIDIA's have the same everywhere. */
const MAKERS = [/\bamd\b|radeon|\bgfx\d/, /\bintel\b/];

/** The same memory under two backends differs by what each sets aside. */
const SAME_MEMORY = 0.1;

/** The name of the entry that stands for the same card under a better backend, or `null`. */
export function twinOf(device: EngineDevice, all: readonly EngineDevice[]): string | null {
  return twinsOf(all).get(device.name) ?? null;
}

/** Each card is the twin of one entry at most, so that two equal cards under two backends stay two. */
function twinsOf(all: readonly EngineDevice[]): ReadonlyMap<string, string> {
  const twins = new Map<string, string>();
  const taken = new Set<string>();
  const ranked = all.toSorted((a, b) => rankOf(a) - rankOf(b));
  for (const isTwin of [hasSameName, hasSameMakerAndMemory]) {
    for (const [index, device] of ranked.entries()) {
      if (twins.has(device.name)) continue;
      const better = ranked.slice(0, index).filter((one) => rankOf(one) < rankOf(device));
      const twin = better.find((one) =>
        !twins.has(one.name) && !taken.has(`${one.name} ${backendOf(device)}`) &&
        isTwin(one, device)
      );
      if (twin === undefined) continue;
      twins.set(device.name, twin.name);
      taken.add(`${twin.name} ${backendOf(device)}`);
    }
  }
  return twins;
}

function backendOf({ name }: EngineDevice): string {
  return name.replace(/\d+$/, "");
}

function rankOf(device: EngineDevice): number {
  return GENERAL.indexOf(backendOf(device)) + 1;
}

function hasSameName(a: EngineDevice, b: EngineDevice): boolean {
  const name = plainName(a);
  return name !== "" && name === plainName(b);
}

/** `NVIDIA GeForce RTX 3090`, and `AMD Radeon RX 7900 XTX (RADV NAVI31)` without the driver's addition. */
function plainName({ description }: EngineDevice): string {
  return description.toLowerCase().replace(/\((tm|r)\)/g, "").replace(/\(.*\)/g, "")
    .replace(/[^a-z0-9]+/g, " ").trim();
}

function hasSameMakerAndMemory(a: EngineDevice, b: EngineDevice): boolean {
  const isOfOne = MAKERS.some((maker) => [a, b].every((one) => maker.test(text(one))));
  const [less, more] = [a.totalBytes, b.totalBytes].toSorted((x, y) => x - y);
  return isOfOne && (less ?? 0) >= (more ?? 0) * (1 - SAME_MEMORY);
}

function text({ description }: EngineDevice): string {
  return description.toLowerCase();
}
