/** The devices that one model may use, of those that its node offers. Pure. */

import type { EngineDevice, OfferedMemory } from "../../engine/mod.ts";

/** Main memory stays: it holds whatever the devices do not. */
export function offeredTo(memory: OfferedMemory, names: readonly string[] | null): OfferedMemory {
  if (names === null) return memory;
  const devices = memory.devices.filter(({ name, kind }) => kind === "cpu" || names.includes(name));
  const lost = bytesOf(memory.devices) - bytesOf(devices);
  return { devices, memoryBytes: memory.memoryBytes - lost };
}

export function devicesFor(
  devices: readonly EngineDevice[],
  names: readonly string[] | null,
): readonly EngineDevice[] {
  return names === null ? devices : devices.filter(({ name }) => names.includes(name));
}

/** The names that this machine has no device of. */
export function missingDevices(
  devices: readonly EngineDevice[],
  names: readonly string[] | null,
): readonly string[] {
  return (names ?? []).filter((name) => !devices.some((device) => device.name === name));
}

function bytesOf(devices: OfferedMemory["devices"]): number {
  return devices.reduce((sum, { offeredBytes }) => sum + offeredBytes, 0);
}
