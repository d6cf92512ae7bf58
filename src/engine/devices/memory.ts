/** How much memory a node offers its mesh. Pure. */

import type { EngineConfig } from "../base/config.ts";
import { LEAST_AVAILABLE_SHARE, MAIN_MEMORY_SHARE } from "../base/defaults.ts";
import type { EngineDevice, MainMemory, OfferedDevice, OfferedMemory } from "../base/types.ts";

export interface MemoryOptions {
  /** The devices that are used, listed before any child runs. */
  readonly devices: readonly EngineDevice[];
  readonly mainMemory: MainMemory;
  readonly config: Pick<EngineConfig, "maxVramBytes" | "maxRamBytes">;
}

/**
 * Cards with memory of their own are one pool, main memory is another. A GPU that uses main memory draws on that one: it
 * offers what it may take of it, and the CPU the rest, so that nothing is counted twice.
 */
export function offeredMemory(options: MemoryOptions): OfferedMemory {
  const { devices } = options;
  const cards = devices.filter(({ kind }) => kind === "discrete");
  const sharers = devices.filter(({ kind }) => kind !== "discrete");
  const poolBytes = mainPool(options, cards.length === 0);
  const free = cards.map(({ freeBytes }) => freeBytes);
  const mostBytes = options.config.maxVramBytes ?? Infinity;
  const own = inProportion(free, mostBytes);
  const offers = new Map([
    ...zip(cards, own),
    ...zip(sharers, inTurn(sharers, Math.min(poolBytes, mostBytes - sum(own)))),
  ]);
  const gpus = devices.map((device): OfferedDevice => offer(device, offers.get(device) ?? 0));
  const shared = sum(sharers.map((device) => offers.get(device) ?? 0));
  const cpu = offer(
    { name: "CPU", kind: "cpu", totalBytes: options.mainMemory.totalBytes },
    poolBytes - shared,
  );
  const all = [...gpus, cpu];
  return { memoryBytes: sum(all.map(({ offeredBytes }) => offeredBytes)), devices: all };
}

/** The same without devices that were lost. The main memory that one of them took is the CPU's again. */
export function withoutDevices(
  { memoryBytes, devices }: OfferedMemory,
  lost: ReadonlySet<string>,
): OfferedMemory {
  const gone = devices.filter(({ name }) => lost.has(name));
  const bytesOf = (list: readonly OfferedDevice[]) =>
    sum(list.map(({ offeredBytes }) => offeredBytes));
  const shared = bytesOf(gone.filter(({ kind }) => kind !== "discrete"));
  return {
    memoryBytes: memoryBytes - bytesOf(gone) + shared,
    devices: devices.filter((device) => !gone.includes(device)).map((device) =>
      device.kind === "cpu" ? { ...device, offeredBytes: device.offeredBytes + shared } : device
    ),
  };
}

/** @param isOnly it is all the memory there is, so that `--max-vram` is about it as well */
function mainPool({ mainMemory, config }: MemoryOptions, isOnly: boolean): number {
  const { totalBytes, availableBytes } = mainMemory;
  const usual = Math.floor(totalBytes * MAIN_MEMORY_SHARE) - (totalBytes - availableBytes);
  const least = Math.floor(availableBytes * LEAST_AVAILABLE_SHARE);
  const wanted = config.maxRamBytes ?? Math.max(least, usual);
  return Math.min(wanted, totalBytes, isOnly ? config.maxVramBytes ?? Infinity : Infinity);
}

/** To the byte for one device: a model that needs just what `--max-vram` says fits. */
function inProportion(free: readonly number[], mostBytes: number): number[] {
  const whole = sum(free);
  const part = whole === 0 ? 1 : Math.min(1, mostBytes / whole);
  return free.map((bytes) => Math.round(bytes * part));
}

function inTurn(sharers: readonly EngineDevice[], poolBytes: number): number[] {
  let left = poolBytes;
  return sharers.map(({ freeBytes }) => {
    const taken = Math.min(freeBytes, left);
    left -= taken;
    return taken;
  });
}

function offer(
  { name, kind, totalBytes }: Pick<OfferedDevice, "name" | "kind" | "totalBytes">,
  offeredBytes: number,
): OfferedDevice {
  return { name, kind, totalBytes, offeredBytes, usedBytes: 0 };
}

function zip<A, B>(left: readonly A[], right: readonly B[]): [A, B][] {
  return left.map((one, index) => [one, right[index] as B]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
