/** Which devices of a machine hold a model, or a share of one. Pure. */

import type { HeldMemory } from "../../mesh/mod.ts";
import { isMainMemory, type Offer, spread } from "./pools.ts";

/** Bytes by the name of a device. */
export type DeviceBytes = ReadonlyMap<string, number>;

/**
 * Bytes on each device for a model that one machine holds alone: on the GPU that it fills best, so that the others stay
 * whole for further models; else on as few GPUs as hold it, the freest first; else on all of them and in main memory.
 */
export function pack(bytes: number, devices: readonly Offer[]): number[] {
  const gpus = devices.filter((device) => !isMainMemory(device) && device.offeredBytes > 0);
  const [tightest] = gpus.filter(({ offeredBytes }) => offeredBytes >= bytes).sort(leastFirst);
  if (tightest !== undefined) return on(devices, [tightest], bytes);
  const few: Offer[] = [];
  for (const gpu of gpus.toSorted((a, b) => leastFirst(b, a))) {
    if (sumOf(few) >= bytes) break;
    few.push(gpu);
  }
  return sumOf(few) >= bytes ? on(devices, few, bytes) : spread(bytes, devices);
}

function leastFirst(a: Offer, b: Offer): number {
  return a.offeredBytes - b.offeredBytes;
}

function on(devices: readonly Offer[], chosen: readonly Offer[], bytes: number): number[] {
  const whole = sumOf(chosen);
  return devices.map((device) =>
    chosen.includes(device) && whole > 0 ? bytes * device.offeredBytes / whole : 0
  );
}

function sumOf(devices: readonly Offer[]): number {
  return devices.reduce((sum, { offeredBytes }) => sum + offeredBytes, 0);
}

/** The same by name, in whole bytes. */
export function named(bytes: readonly number[], devices: readonly Offer[]): DeviceBytes {
  const entries = devices.map(({ name }, index) => [name, Math.ceil(bytes[index] ?? 0)] as const);
  return new Map(entries.filter(([, count]) => count > 0));
}

/** The rest of each device. Bytes on one that is none of these are in main memory, as far as there is any. */
export function without<T extends Offer>(devices: readonly T[], used: DeviceBytes): T[] {
  const names = new Set(devices.map(({ name }) => name));
  const strange = [...used].filter(([name]) => !names.has(name))
    .reduce((sum, [, bytes]) => sum + bytes, 0);
  return devices.map((device) => {
    const taken = (used.get(device.name) ?? 0) + (isMainMemory(device) ? strange : 0);
    return { ...device, offeredBytes: Math.max(0, device.offeredBytes - taken) };
  });
}

export function added(...all: readonly DeviceBytes[]): DeviceBytes {
  const sum = new Map<string, number>();
  for (const one of all) {
    for (const [name, bytes] of one) sum.set(name, (sum.get(name) ?? 0) + bytes);
  }
  return sum;
}

/** As a node tells what a model holds of its devices. */
export function toldBytes({ devices }: Pick<HeldMemory, "devices">): DeviceBytes {
  return new Map(devices.map(({ name, bytes }) => [name, bytes]));
}

/** The same without what the model gives back where another needs it. */
export function neededBytes({ devices }: Pick<HeldMemory, "devices">): DeviceBytes {
  return new Map(
    devices.map(({ name, bytes, spareBytes = 0 }) =>
      [name, Math.max(0, bytes - spareBytes)] as const
    ),
  );
}
