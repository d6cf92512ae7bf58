/** The places in which a node may keep a model that it serves alone. Pure. */

import {
  type Engine,
  type LlamaServerSpec,
  type LostDevice,
  type ModelPlace,
  type OfferedMemory,
  type PlacedModel,
  PROMPT_CACHE_BYTES,
} from "../../engine/mod.ts";
import { added, type DeviceBytes, named, pack } from "../plan/packing.ts";
import { isMainMemory, poolsOf, spread } from "../plan/pools.ts";

export interface PlacesInput {
  readonly needBytes: number;
  /** How much of it the projector needs. @default {0} */
  readonly projectorBytes?: number;
  /** Of a model that guesses for it, on the same devices. */
  readonly draftBytes?: number;
  /** As other jobs leave it. */
  readonly memory: OfferedMemory;
  /** By device, free memory that is not for it. */
  readonly spare: DeviceBytes;
  readonly engine: Pick<Engine, "devices">;
}

/** llama-server's slots, each with checkpoints of its own, and how many it takes by itself: build 11669. */
const CONVERSATIONS = 4;
const MOST_CHECKPOINTS = 32;

/** Best first: the next is tried where a load lacks memory. Never empty. */
export function placesFor(input: PlacesInput): ModelPlace[] {
  const { needBytes, projectorBytes = 0, draftBytes = 0, memory, engine: { devices } } = input;
  const { gpuBytes, memoryBytes } = poolsOf(memory);
  const mainBytes = memoryBytes - gpuBytes;
  if (devices.length === 0) return [{ kind: "devices" }];
  const parts = needBytes - projectorBytes <= gpuBytes && projectorBytes <= mainBytes;
  const apart: ModelPlace = {
    ...onDevices(needBytes - projectorBytes + draftBytes, memory),
    projector: "main",
  };
  const places: ModelPlace[] = [
    ...(needBytes <= gpuBytes ? [onDevices(needBytes + draftBytes, memory)] : []),
    ...(projectorBytes > 0 && parts ? [apart] : []),
    ...(gpuBytes > 0 && mainBytes > 0 && needBytes <= memoryBytes ? [inBoth(input)] : []),
    ...(needBytes <= mainBytes ? [{ kind: "main" } as const] : []),
  ];
  return places.length === 0 ? [{ kind: "devices" }] : places;
}

/** On as few devices as hold it: the others are for further models. */
function onDevices(bytes: number, { devices }: OfferedMemory) {
  const gpus = devices.filter((device) => !isMainMemory(device));
  const names = [...named(pack(bytes, gpus), gpus).keys()];
  return { kind: "devices", names } as const;
}

function inBoth({ memory, spare, engine: { devices } }: PlacesInput): ModelPlace {
  const free = memory.devices.filter(({ offeredBytes }) => offeredBytes > 0);
  const names = devices.map(({ name }) => name)
    .filter((name) => free.some((device) => device.name === name));
  return { kind: "both", names, spareBytes: names.map((name) => spare.get(name) ?? 0) };
}

/** The bytes on each device of a model that lies in such a place, as it is planned. */
export function plannedIn(place: ModelPlace, input: PlacesInput): DeviceBytes {
  const { needBytes, projectorBytes = 0, draftBytes = 0, memory } = input;
  const apart = place.kind === "devices" && place.projector === "main" ? projectorBytes : 0;
  const bytes = needBytes - apart + draftBytes;
  const offers = memory.devices.filter((device) =>
    isMainMemory(device) || isUsed(place, device.name)
  );
  if (place.kind === "main" || offers.length === 0) return new Map([["CPU", bytes]]);
  if (place.kind === "both") return named(spread(bytes, offers), offers);
  return added(named(pack(bytes, offers), offers), new Map(apart > 0 ? [["CPU", apart]] : []));
}

function isUsed(place: ModelPlace, device: string): boolean {
  return place.kind !== "main" && (place.names?.includes(device) ?? true);
}

/** ... and as it is, once llama-server has told; of a projector it tells too little. */
export function toldIn(
  place: ModelPlace,
  told: PlacedModel["bytes"],
  projectorBytes: number,
): DeviceBytes {
  const isThere = place.kind === "devices" && place.projector !== "main";
  const [device = "CPU"] = isThere ? place.names ?? [] : [];
  return added(new Map(Object.entries(told)), new Map([[device, projectorBytes]]));
}

/** Main memory that a model leaves for what llama-server keeps of conversations, and for further models. */
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

/** Memory that a model leaves where it lies. One that lies in two kinds of memory is crowded: every byte more costs speed. */
export function extraRoomIn(
  place: ModelPlace,
  { needBytes, draftBytes = 0, memory, engine: { devices } }: PlacesInput,
): number {
  if (place.kind === "both" || (place.kind === "devices" && place.projector === "main")) return 0;
  const { gpuBytes, memoryBytes } = poolsOf(memory);
  const used = memory.devices.filter(({ name }) => place.kind !== "main" && isUsed(place, name));
  const onGpus = used.filter((device) => !isMainMemory(device))
    .reduce((sum, { offeredBytes }) => sum + offeredBytes, 0);
  const isMain = place.kind === "main" || devices.length === 0;
  return (isMain ? memoryBytes - gpuBytes : onGpus) - needBytes - draftBytes;
}

/**
 * How main memory is used for conversations: half of it at most for checkpoints, which only some models have, and the rest for prompts.
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

/** The most that llama-server then holds of conversations. */
export function keptBytes(
  { promptCacheBytes = 0, checkpoints = MOST_CHECKPOINTS }: ReturnType<typeof keptOf>,
  checkpointBytes: number,
): number {
  const prompts = Math.min(PROMPT_CACHE_BYTES, Math.max(0, promptCacheBytes));
  return prompts + checkpoints * checkpointBytes * CONVERSATIONS;
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
