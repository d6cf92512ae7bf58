/** How much memory a node offers its mesh. */

import type { EngineConfig } from "../base/config.ts";
import { CPU_MEMORY_SHARE } from "../base/defaults.ts";
import type { EngineDevice, OfferedMemory } from "../base/types.ts";

export interface MemoryOptions {
  /** The engine's devices, listed before any child runs. */
  readonly devices: readonly EngineDevice[];
  readonly totalMemoryBytes: number;
  readonly config: EngineConfig;
}

/**
 * The free memory of GPUs, or the share of main memory that `--max-ram` allows if there is none; never more than `--max-vram`, taken off
 * all devices in proportion.
 */
export function offeredMemory(options: MemoryOptions): OfferedMemory {
  const devices = available(options);
  const whole = devices.reduce((sum, device) => sum + device.availableBytes, 0);
  const cap = whole === 0 ? 1 : Math.min(1, (options.config.maxVramBytes ?? Infinity) / whole);
  const offered = devices.map(({ name, totalBytes, availableBytes }) => ({
    name,
    totalBytes,
    // To the byte for one device: a model that needs just what `--max-vram` says fits.
    offeredBytes: Math.round(availableBytes * cap),
    usedBytes: 0,
  }));
  return {
    memoryBytes: offered.reduce((sum, device) => sum + device.offeredBytes, 0),
    devices: offered,
  };
}

function available({ devices, totalMemoryBytes, config: { maxRamBytes } }: MemoryOptions) {
  if (devices.length > 0) {
    return devices.map((device) => ({ ...device, availableBytes: device.freeBytes }));
  }
  const mostBytes = maxRamBytes ?? Math.floor(totalMemoryBytes * CPU_MEMORY_SHARE);
  const availableBytes = Math.min(mostBytes, totalMemoryBytes);
  return [{ name: "CPU", totalBytes: totalMemoryBytes, availableBytes }];
}
