/** The places in which a node may keep a model that it serves alone. Pure. */

import type {
  Engine,
  LlamaServerSpec,
  LostDevice,
  ModelPlace,
  OfferedMemory,
  PlacedModel,
} from "../../engine/mod.ts";
import { poolsOf } from "../plan/pools.ts";

export interface PlacesInput {
  readonly needBytes: number;
  /** How much of it the projector needs. @default {0} */
  readonly projectorBytes?: number;
  readonly memory: OfferedMemory;
  readonly engine: Pick<Engine, "devices">;
}

/** llama-server's slots, each with checkpoints of its own, and how many it takes by itself: build 11669. */
const CONVERSATIONS = 4;
const MOST_CHECKPOINTS = 32;

/** Best first: the next is tried where a load lacks memory. Never empty. */
export function placesFor(
  { needBytes, projectorBytes = 0, memory, engine: { devices } }: PlacesInput,
): ModelPlace[] {
  const { gpuBytes, memoryBytes } = poolsOf(memory);
  const mainBytes = memoryBytes - gpuBytes;
  if (devices.length === 0) return [{ kind: "devices" }];
  const parts = needBytes - projectorBytes <= gpuBytes && projectorBytes <= mainBytes;
  const places: ModelPlace[] = [
    ...(needBytes <= gpuBytes ? [{ kind: "devices" } as const] : []),
    ...(projectorBytes > 0 && parts ? [{ kind: "devices", projector: "main" } as const] : []),
    ...(mainBytes > 0 && needBytes <= memoryBytes
      ? [{ kind: "both", spareBytes: spareBytes({ memory, engine: { devices } }) } as const]
      : []),
    ...(needBytes <= mainBytes ? [{ kind: "main" } as const] : []),
  ];
  return places.length === 0 ? [{ kind: "devices" }] : places;
}

/** Main memory that a model leaves for what llama-server keeps of conversations. */
export function roomFor(
  place: ModelPlace,
  { needBytes, projectorBytes = 0, memory }: PlacesInput,
): number {
  const { gpuBytes, memoryBytes } = poolsOf(memory);
  const mainBytes = memoryBytes - gpuBytes;
  if (place.kind === "main") return mainBytes - needBytes;
  if (place.kind === "devices" && place.projector === "main") return mainBytes - projectorBytes;
  return Math.min(mainBytes, memoryBytes - needBytes);
}

/**
 * How that main memory is used: half of it at most for checkpoints, which only some models have, and the rest for prompts.
 * @param checkpointBytes of one; 0 for a model without
 */
export function keptOf(
  roomBytes: number,
  checkpointBytes: number,
): Pick<LlamaServerSpec, "promptCacheBytes" | "checkpoints"> {
  if (checkpointBytes === 0) return { promptCacheBytes: roomBytes };
  const bytes = checkpointBytes * CONVERSATIONS;
  const checkpoints = Math.floor(Math.max(0, roomBytes) / 2 / bytes);
  if (checkpoints >= MOST_CHECKPOINTS) {
    return { promptCacheBytes: roomBytes - MOST_CHECKPOINTS * bytes };
  }
  return { promptCacheBytes: roomBytes - checkpoints * bytes, checkpoints };
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

/** For people, of a GPU without which a node goes on. */
export function lostNote({ name, description, reason }: LostDevice): string {
  return `${name} (${description}) is not used any more: ${reason}`;
}

/** For people, of a load that had to go elsewhere. */
export function movedNote(place: ModelPlace, reason: string): string {
  return `The GPUs had too little memory for it (${reason}), so ${partOf(place)} is in main memory`;
}

function partOf(place: ModelPlace): string {
  if (place.kind === "devices") return "its projector";
  return place.kind === "both" ? "a part of it" : "all of it";
}

/** For people, of a place that is not the best, unless there is more to say of it. */
export function placeNotes(place: ModelPlace): string[] {
  if (place.kind !== "devices" || place.projector !== "main") return [];
  return [
    "The GPUs have no room for its projector beside it, so that is in main memory: pictures and sound take longer",
  ];
}

/** The same of a split, whose other machines may have room. */
export function splitMovedNote(reason: string): string {
  return `GPUs had too little memory for it (${reason}), so they hold less of it, and main memory more`;
}
