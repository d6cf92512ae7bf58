/** The memory of this machine that a job may use beside the other jobs. Pure. */

import type { OfferedMemory } from "../../engine/mod.ts";
import type { Announcement, AnnouncementContent, HeldMemory, ModelRef } from "../../mesh/mod.ts";
import { added, type DeviceBytes, without } from "../plan/packing.ts";
import { instanceOf, sameModel } from "../plan/view.ts";

export interface JobRoom {
  /** As much of the offered memory as no other job holds. */
  readonly free: OfferedMemory;
  /** Held by other jobs that have not loaded yet: llama.cpp, which looks by itself, still sees it as free. */
  readonly pending: DeviceBytes;
}

export interface Holders {
  /** This node's announcement. */
  readonly own: Pick<AnnouncementContent, "instances" | "reservations">;
  readonly others: readonly Pick<Announcement, "instances">[];
}

export function roomBeside(
  model: ModelRef,
  memory: OfferedMemory,
  { own, others }: Holders,
): JobRoom {
  const held = own.reservations.filter((one) => !sameModel(one.model, model));
  const devices = without(memory.devices, added(...held.map(bytesOf)));
  const memoryBytes = devices.reduce((sum, { offeredBytes }) => sum + offeredBytes, 0);
  const isLoaded = (of: ModelRef) =>
    [own, ...others].some((member) => instanceOf(member, of)?.state === "warm");
  const pending = held.filter((one) => !isLoaded(one.model));
  return { free: { memoryBytes, devices }, pending: added(...pending.map(bytesOf)) };
}

function bytesOf({ devices }: HeldMemory): DeviceBytes {
  return new Map(devices.map(({ name, bytes }) => [name, bytes]));
}
