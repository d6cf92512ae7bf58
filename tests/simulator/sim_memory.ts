/** The memory of one simulated machine, and which process has how much of each of its devices. */

import type { LlamaServerSpec, OfferedDevice, OfferedMemory } from "../../src/engine/mod.ts";
import { type DeviceBytes, named } from "../../src/node/plan/packing.ts";
import { isMainMemory, spread } from "../../src/node/plan/pools.ts";
import type { NodeSetup } from "./scenario.ts";

/** Bytes are rounded up for each process before they are checked against what is offered. */
const ROUNDING_BYTES = 16;

export class SimMemory {
  readonly #held = new Map<object, DeviceBytes>();

  constructor(readonly offered: OfferedMemory) {}

  /** Returns what is wrong if a device has less than that. */
  take(holder: object, bytes: DeviceBytes): string | undefined {
    this.#held.set(holder, bytes);
    const full = this.offered.devices
      .find(({ name, offeredBytes }) => this.#used(name) > offeredBytes + ROUNDING_BYTES);
    return full && `${this.#used(full.name)} of ${full.offeredBytes} bytes of ${full.name}`;
  }

  release(holder: object): void {
    this.#held.delete(holder);
  }

  heldBy(holder: object): DeviceBytes {
    return this.#held.get(holder) ?? new Map();
  }

  /** All processes of the machine are gone. */
  clear(): void {
    this.#held.clear();
  }

  /** The rest that no process has, as llama.cpp sees it. */
  get free(): OfferedDevice[] {
    return this.offered.devices.map((device) => ({
      ...device,
      offeredBytes: Math.max(0, device.offeredBytes - this.#used(device.name)),
    }));
  }

  #used(device: string): number {
    return [...this.#held.values()].reduce((sum, held) => sum + (held.get(device) ?? 0), 0);
  }
}

export function offeredBy({ memoryBytes, devices }: NodeSetup): OfferedMemory {
  const main = { name: "CPU", kind: "cpu", offeredBytes: memoryBytes } as const;
  const all = (devices ?? [main])
    .map((device) => ({ ...device, totalBytes: device.offeredBytes, usedBytes: 0 }));
  return { memoryBytes, devices: all };
}

/** As llama.cpp divides a model that it serves alone over the devices that it is told of. */
export function soloBytes(
  { place = { kind: "devices" } }: Pick<LlamaServerSpec, "place">,
  needBytes: number,
  { free, offered }: SimMemory,
): DeviceBytes {
  const names = place.kind === "main" ? [] : place.names ?? gpusOf(offered.devices);
  const gpus = free.filter((device) => names.includes(device.name) && !isMainMemory(device));
  if (gpus.length === 0) return new Map([["CPU", needBytes]]);
  if (place.kind !== "both") return named(spread(needBytes, gpus), gpus);
  let rest = needBytes;
  const filled = gpus.map(({ name, offeredBytes }) => {
    const spareBytes = place.spareBytes[names.indexOf(name)] ?? 0;
    const bytes = Math.min(rest, Math.max(0, offeredBytes - spareBytes));
    rest -= bytes;
    return [name, bytes] as const;
  });
  return new Map([...filled, ["CPU", rest]]);
}

function gpusOf(devices: readonly OfferedDevice[]): string[] {
  return devices.filter((device) => !isMainMemory(device)).map(({ name }) => name);
}

/** A share of a split: as its host told llama-server, device by device, or all in the only one. */
export function shareBytes(
  bytes: number,
  weights: readonly number[],
  { devices }: OfferedMemory,
): DeviceBytes {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return named([bytes], devices.slice(-1));
  return named(devices.map((_, index) => bytes * (weights[index] ?? 0) / total), devices);
}
