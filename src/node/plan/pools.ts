/** The memory of a member by how fast a model runs from it. Pure. */

import type { DeviceMemory } from "../../mesh/mod.ts";
import type { MemoryPools, MemoryUse } from "../../models/mod.ts";
import type { Member } from "./view.ts";

/** A device, as far as it matters here. */
export interface Offer {
  readonly name: string;
  /** `null`: a node of an earlier version does not say it. */
  readonly kind: DeviceMemory["kind"];
  readonly offeredBytes: number;
}

export function isMainMemory({ name, kind }: Offer): boolean {
  return kind === "cpu" || (kind === null && name === "CPU");
}

export interface Offered {
  readonly memoryBytes: number;
  /** Main memory among them. */
  readonly devices: readonly Offer[];
}

export function poolsOf({ memoryBytes, devices }: Offered): MemoryPools {
  return { gpuBytes: Math.min(memoryBytes, gpuBytesOf(devices)), memoryBytes };
}

function gpuBytesOf(devices: readonly Offer[]): number {
  return devices.filter((device) => !isMainMemory(device))
    .reduce((sum, { offeredBytes }) => sum + offeredBytes, 0);
}

/**
 * The bytes of a model that lie on each device: on the GPUs by what each offers, and the rest in main memory.
 * @param trust the fraction of what GPUs offer that is filled
 */
export function spread(bytes: number, devices: readonly Offer[], trust = 1): number[] {
  const gpuBytes = gpuBytesOf(devices);
  const hasMain = devices.some((device) => isMainMemory(device) && device.offeredBytes > 0);
  const onGpus = hasMain ? Math.min(bytes, gpuBytes * trust) : bytes;
  return devices.map((device) => {
    if (isMainMemory(device)) return hasMain ? bytes - onGpus : 0;
    return gpuBytes === 0 ? 0 : onGpus * device.offeredBytes / gpuBytes;
  });
}

/** A plan asks for them many times, and a member does not change. */
const known = new WeakMap<Member, MemoryPools>();

export function memberPools(member: Member): MemoryPools {
  const before = known.get(member);
  if (before !== undefined) return before;
  const { memoryBytes, machine: { devices } } = member;
  const pools = poolsOf({ memoryBytes, devices });
  known.set(member, pools);
  return pools;
}

/** Offered, whoever has it. */
export function bytesOf(member: Member, memory: MemoryUse): number {
  return bytesIn(memberPools(member), memory);
}

export function bytesIn({ gpuBytes, memoryBytes }: MemoryPools, memory: MemoryUse): number {
  return memory === "gpu" ? gpuBytes : memoryBytes;
}
