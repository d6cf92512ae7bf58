/** The memory that this node's jobs hold, device by device. Pure. */

import type { DeviceMemory, HeldMemory } from "../../mesh/mod.ts";
import { type DeviceBytes, named, without } from "../plan/packing.ts";
import { laidOut } from "../plan/own_room.ts";
import type { Offer } from "../plan/pools.ts";
import type { Job } from "./job.ts";

type Using = Pick<Job, "plan" | "usedBytes" | "placed" | "spare">;

/** As llama.cpp tells it, or as it is planned beside the others; in the order of the jobs. */
export function heldBy(jobs: readonly Using[], devices: readonly Offer[]): DeviceBytes[] {
  const told = jobs.map(toldBy);
  let left = told.reduce<readonly Offer[]>((left, one) => one ? without(left, one) : left, devices);
  return jobs.map(({ plan, usedBytes }, index) => {
    const known = told[index];
    if (known) return known;
    const planned = named(laidOut(usedBytes, plan.kind, left), left);
    left = without(left, planned);
    return planned;
  });
}

function toldBy({ placed }: Using): DeviceBytes | undefined {
  return placed && new Map(Object.entries(placed));
}

/**
 * The same for the announcement: of what holds anything, and of a host in any case, for its workers may hold all of its model.
 * A node that runs something and names nothing is of an earlier version.
 */
export function reservationsBy(jobs: readonly Using[], devices: readonly Offer[]): HeldMemory[] {
  const held = heldBy(jobs, devices);
  return jobs.flatMap(({ plan, spare = {} }, index) => {
    const bytes = [...held[index] ?? []].filter(([, count]) => count > 0);
    if (!("model" in plan) || (bytes.length === 0 && plan.kind !== "host")) return [];
    const devices = bytes.map(([name, bytes]) => {
      const spareBytes = Math.min(bytes, spare[name] ?? 0);
      return { name, bytes, ...(spareBytes > 0 ? { spareBytes } : {}) };
    });
    return [{ model: plan.model, devices }];
  });
}

/** The devices of this machine, with what all jobs together hold of each. */
export function withUse(
  devices: readonly DeviceMemory[],
  jobs: readonly Using[],
): DeviceMemory[] {
  const held = heldBy(jobs, devices);
  return devices.map((device) => {
    const usedBytes = held.reduce((sum, one) => sum + (one.get(device.name) ?? 0), 0);
    return { ...device, usedBytes: Math.round(usedBytes) };
  });
}
