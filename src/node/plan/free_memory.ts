/** The memory of a mesh that no model takes now, and the instances that take the rest. Pure. */

import { isNamed } from "../../base/model_ids.ts";
import type { HeldMemory, Instance, ModelRef } from "../../mesh/mod.ts";
import type { MemoryPools } from "../../models/mod.ts";
import { isMainMemory, type Offered, poolsOf, spread } from "./pools.ts";
import { modelKey, sameModel } from "./view.ts";

/** An active node, as far as its memory goes. */
export interface Lender extends Offered {
  readonly peer: string;
  /** It serves one model at a time, so that whatever it does leaves no room beside it. */
  readonly isSingle: boolean;
  readonly instances: readonly Pick<Instance, LenderField>[];
  /** The memory that its models hold, where it says so. */
  readonly reservations: readonly HeldMemory[];
  /** Names of models that its user wants from it. */
  readonly pins: readonly string[];
  /** By name: requests that its instances answer at one time. */
  readonly demand: Readonly<Record<string, number>>;
  /** By name: when the last answer of its instance ended, as far as that is known; infinite while one is given. */
  readonly idleSinceMs?: Readonly<Record<string, number>>;
}

type LenderField = "model" | "state" | "hostShare" | "workers" | "needBytes";

/** Something that takes memory of one or several nodes, and gives back all of it when it stops. */
export interface Occupant {
  readonly host: string;
  readonly model: ModelRef;
  /** False for what a node is only kept free for. */
  readonly isRunning: boolean;
  /** By node. */
  readonly takes: ReadonlyMap<string, MemoryPools>;
  /** The nodes whose users want it from them, be it that others do it. */
  readonly pinnedBy: readonly string[];
  /** Another node answers for the same model. */
  readonly isSpare: boolean;
  readonly demand: number;
  /** Of one that nobody is known to have asked it is 0. */
  readonly idleSinceMs: number;
}

/**
 * All that takes memory: what runs or is being loaded, and what a user has told a node to serve that serves one model, for
 * it waits for nothing else.
 */
export function occupantsOf(lenders: readonly Lender[]): Occupant[] {
  const byPeer = new Map(lenders.map((lender) => [lender.peer, lender]));
  const warm = Map.groupBy(
    lenders.flatMap(({ instances }) => instances.filter(({ state }) => state === "warm")),
    ({ model }) => modelKey(model),
  );
  const occupants = lenders.flatMap((host) =>
    host.instances.filter(({ state }) => state !== "waiting").map((instance): Occupant => {
      const { model } = instance;
      const takes = takenBy(host, instance, byPeer);
      const isSpare = warm.get(modelKey(model))?.some((one) => one !== instance) ?? false;
      // The mesh would only serve the last one elsewhere, where some user wants it.
      const pinnedBy = lenders.filter(({ peer, pins }) =>
        pins.some((pin) => isNamed(pin, model)) && (!isSpare || takes.has(peer))
      ).map(({ peer }) => peer);
      return {
        host: host.peer,
        model,
        isRunning: true,
        takes,
        pinnedBy,
        isSpare,
        demand: host.demand[model.name] ?? 0,
        idleSinceMs: host.idleSinceMs?.[model.name] ?? 0,
      };
    })
  );
  const busy = new Set(occupants.flatMap(({ takes }) => [...takes.keys()]));
  return [
    ...occupants,
    ...lenders.filter(({ peer, isSingle }) => isSingle && !busy.has(peer)).flatMap(reservedFor),
  ];
}

/** A node whose user has chosen a model lends nothing to others. */
function reservedFor(lender: Lender): Occupant[] {
  const [name] = lender.pins;
  if (name === undefined) return [];
  return [{
    host: lender.peer,
    model: { name, fingerprint: "" },
    isRunning: false,
    takes: new Map([[lender.peer, poolsOf(lender)]]),
    pinnedBy: [lender.peer],
    isSpare: false,
    demand: 0,
    idleSinceMs: 0,
  }];
}

/** By node: its share of the instance, or all that it has. */
function takenBy(
  host: Lender,
  { model, hostShare, workers, needBytes }: Lender["instances"][number],
  byPeer: ReadonlyMap<string, Lender>,
): Map<string, MemoryPools> {
  const shares = [{ peer: host.peer, share: hostShare }, ...workers];
  return new Map(shares.flatMap(({ peer, share }): [string, MemoryPools][] => {
    const lender = byPeer.get(peer);
    if (lender === undefined) return [];
    return [[
      peer,
      lender.isSingle
        ? poolsOf(lender)
        : heldBy(model, lender) ?? takenOf(share * needBytes, lender),
    ]];
  }));
}

/** As llama.cpp has it, or as its node has planned, without what the model gives back where another needs it. */
function heldBy(model: ModelRef, { reservations, devices }: Lender): MemoryPools | undefined {
  const held = reservations.find((one) => sameModel(one.model, model));
  if (held === undefined) return undefined;
  const gpus = new Set(devices.filter((device) => !isMainMemory(device)).map(({ name }) => name));
  const sum = (parts: HeldMemory["devices"]) =>
    parts.reduce((all, { bytes, spareBytes = 0 }) => all + Math.max(0, bytes - spareBytes), 0);
  return {
    gpuBytes: sum(held.devices.filter(({ name }) => gpus.has(name))),
    memoryBytes: sum(held.devices),
  };
}

/** GPUs first, as llama.cpp fills them. */
function takenOf(bytes: number, { devices }: Offered): MemoryPools {
  const parts = spread(bytes, devices);
  const gpuBytes = devices.reduce(
    (sum, device, index) => isMainMemory(device) ? sum : sum + (parts[index] ?? 0),
    0,
  );
  return { gpuBytes, memoryBytes: Math.max(bytes, gpuBytes) };
}

/** The rest of the memory that a node offers, beside these. */
export function freePools(lender: Lender, beside: readonly Occupant[]): MemoryPools {
  const offered = poolsOf(lender);
  let mainBytes = offered.memoryBytes - offered.gpuBytes;
  let { gpuBytes } = offered;
  for (const { takes } of beside) {
    const taken = takes.get(lender.peer);
    if (taken === undefined) continue;
    // Of two that count on the same GPU, the second finds the rest of it, and goes on in main memory.
    const onGpu = Math.min(gpuBytes, taken.gpuBytes);
    gpuBytes -= onGpu;
    mainBytes -= taken.memoryBytes - onGpu;
  }
  if (mainBytes < 0) gpuBytes = Math.max(0, gpuBytes + mainBytes);
  return { gpuBytes, memoryBytes: gpuBytes + Math.max(0, mainBytes) };
}
