/** The free memory of devices that a job leaves alone. Pure. */

import type { Engine, OfferedMemory } from "../../engine/mod.ts";
import type { Announcement, AnnouncementContent, ModelRef } from "../../mesh/mod.ts";
import { added, type DeviceBytes, toldBytes } from "../plan/packing.ts";
import { instanceOf, sameModel } from "../plan/view.ts";

export interface SpareInput {
  readonly engine: Pick<Engine, "devices">;
  /** All that this machine offers. */
  readonly memory: Pick<OfferedMemory, "devices">;
  /** This node's announcement. */
  readonly own: Pick<AnnouncementContent, "instances" | "reservations">;
  readonly others: readonly Pick<Announcement, "instances">[];
}

/**
 * By device, the bytes that llama.cpp, which looks at free memory by itself, sees as free and that are not for this model:
 * what is not offered, and what other jobs hold and have not loaded yet.
 */
export function spareBytes(
  model: ModelRef,
  { engine, memory, own, others }: SpareInput,
): DeviceBytes {
  const offered = new Map(memory.devices.map(({ name, offeredBytes }) => [name, offeredBytes]));
  const kept = engine.devices.map(({ name, freeBytes }) =>
    [name, Math.max(0, freeBytes - (offered.get(name) ?? 0))] as const
  );
  const isLoaded = (of: ModelRef) =>
    [own, ...others].some((member) => instanceOf(member, of)?.state === "warm");
  const pending = own.reservations.filter((one) =>
    !sameModel(one.model, model) && !isLoaded(one.model)
  );
  return added(new Map(kept), ...pending.map(toldBytes));
}
