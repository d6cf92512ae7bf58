import { type OfferedMemory, type Supervisor, withoutDevices } from "../engine/mod.ts";

export interface MemoryNowInput {
  /** As it was at the start. */
  readonly memory: OfferedMemory;
  readonly supervisor: Pick<Supervisor, "lostDevices">;
}

/** The memory that this machine offers now: without the devices that were lost since the start. */
export function memoryNow({ memory, supervisor: { lostDevices } }: MemoryNowInput): OfferedMemory {
  if (lostDevices.length === 0) return memory;
  return withoutDevices(memory, new Set(lostDevices.map(({ name }) => name)));
}
