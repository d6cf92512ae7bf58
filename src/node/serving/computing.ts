import type { DeviceMemory } from "../../mesh/mod.ts";

/** The devices that llama.cpp computes on: a machine's GPUs, and main memory where there is none. Pure. */
export function computing(devices: readonly DeviceMemory[]): readonly DeviceMemory[] {
  const gpus = devices.filter(({ kind }) => kind !== "cpu");
  return gpus.length === 0 ? devices : gpus;
}
