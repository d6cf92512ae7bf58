/** The places in which a node may keep a model that it serves alone. Pure. */

import type { Engine, ModelPlace, OfferedMemory, PlacedModel } from "../../engine/mod.ts";
import { poolsOf } from "../plan/pools.ts";

export interface PlacesInput {
  readonly needBytes: number;
  readonly memory: OfferedMemory;
  readonly engine: Pick<Engine, "devices">;
}

/** Best first: the next is tried where a load lacks memory. Never empty. */
export function placesFor({ needBytes, memory, engine: { devices } }: PlacesInput): ModelPlace[] {
  const { gpuBytes, memoryBytes } = poolsOf(memory);
  const mainBytes = memoryBytes - gpuBytes;
  if (devices.length === 0) return [{ kind: "devices" }];
  const places: ModelPlace[] = [
    ...(needBytes <= gpuBytes ? [{ kind: "devices" } as const] : []),
    ...(mainBytes > 0 && needBytes <= memoryBytes
      ? [{ kind: "both", spareBytes: spareBytes({ memory, engine: { devices } }) } as const]
      : []),
    ...(needBytes <= mainBytes ? [{ kind: "main" } as const] : []),
  ];
  return places.length === 0 ? [{ kind: "devices" }] : places;
}

/** Main memory that a model leaves for the prompts that llama-server keeps. */
export function promptCacheBytes(place: ModelPlace, { needBytes, memory }: PlacesInput): number {
  const { gpuBytes, memoryBytes } = poolsOf(memory);
  const mainBytes = memoryBytes - gpuBytes;
  if (place.kind === "main") return mainBytes - needBytes;
  return Math.min(mainBytes, memoryBytes - needBytes);
}

/** Memory that is free and not offered stays free. */
function spareBytes({ memory, engine }: Omit<PlacesInput, "needBytes">): number[] {
  return engine.devices.map(({ name, freeBytes }) => {
    const offer = memory.devices.find((device) => device.name === name);
    return Math.max(0, freeBytes - (offer?.offeredBytes ?? 0));
  });
}

/** For people, of a model of which llama.cpp has put a part into main memory. */
export function placedNote({ layers, layersOnDevices }: PlacedModel): string {
  return layersOnDevices === 0
    ? "None of its layers fits on a GPU: all of it is in main memory"
    : `${layersOnDevices} of its ${layers} layers are on GPUs, the others in main memory`;
}

/** For people, of a load that had to go elsewhere. */
export function movedNote(place: ModelPlace, reason: string): string {
  const where = place.kind === "both" ? "a part of it" : "all of it";
  return `The GPUs had too little memory for it (${reason}), so ${where} is in main memory`;
}

/** The same of a split, whose other machines may have room. */
export function splitMovedNote(reason: string): string {
  return `GPUs had too little memory for it (${reason}), so they hold less of it, and main memory more`;
}
