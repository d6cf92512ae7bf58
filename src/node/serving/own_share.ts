/** A host's own share of a split, on the devices of its machine. Pure. */

import type { PlacedModel, SplitMember } from "../../engine/mod.ts";
import { added, type DeviceBytes } from "../plan/packing.ts";
import { isMainMemory, type Offer } from "../plan/pools.ts";

/** Bytes of each GPU, and of main memory. */
export interface OwnShare {
  readonly gpus: readonly number[];
  readonly main: number;
}

/** @param bytes of each device */
export function ownShare(bytes: readonly number[], devices: readonly Offer[]): OwnShare {
  const gpus = bytes.filter((_, index) => !isMainMemory(devices[index]!));
  return { gpus, main: sum(bytes) - sum(gpus) };
}

/** The host's GPUs are llama-server's own, and its main memory is behind an rpc-server at this port. */
export function hostMembers(
  { gpus, main }: OwnShare,
  { needBytes, hostShare }: { readonly needBytes: number; readonly hostShare: number },
  ownPort: number | null,
): SplitMember[] {
  if (gpus.length === 0 && ownPort !== null) return [{ rpcPort: ownPort, share: hostShare }];
  return [
    ...(gpus.length === 0
      ? []
      : [{ rpcPort: null, share: sum(gpus) / needBytes, deviceBytes: gpus }]),
    ...(ownPort === null ? [] : [{ rpcPort: ownPort, share: main / needBytes }]),
  ];
}

/**
 * The bytes that the host really holds, as its llama-server tells them. The other ports lead to workers, which count what they lend by
 * themselves. A projector is in main memory, and llama-server tells too little of it.
 */
export function toldShare(
  { bytes, bytesAtPorts }: PlacedModel,
  ownPort: number | null,
  projectorBytes: number,
): DeviceBytes {
  const behind = ownPort === null ? 0 : bytesAtPorts[ownPort] ?? 0;
  return added(new Map(Object.entries(bytes)), new Map([["CPU", behind + projectorBytes]]));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
