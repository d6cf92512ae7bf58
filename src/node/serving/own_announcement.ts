import type { OfferedMemory } from "../../engine/mod.ts";
import type {
  ActiveRole,
  AnnouncementContent,
  Claim,
  DeviceMemory,
  Machine,
  ModelFailure,
  ModelRef,
} from "../../mesh/mod.ts";
import type { LocalModel } from "../../models/mod.ts";
import { needBytes } from "../../models/mod.ts";
import type { ServingConfig } from "../plan/config.ts";
import type { Job } from "./job.ts";
import { spread } from "../plan/pools.ts";
import { serves } from "../plan/transition.ts";

/** The facts that stay the same while a node runs. */
export interface NodeFacts {
  readonly machine: Machine;
  readonly memory: OfferedMemory;
  readonly models: readonly LocalModel[];
  readonly serving: Pick<ServingConfig, "split" | "tensorSplit" | "contextLength">;
  readonly downloadBytes: number;
}

/** The part of a node's announcement that is not about its jobs. */
export interface Intent {
  /** The models whose groups it belongs to. */
  readonly targets: readonly ModelRef[];
  readonly claims: readonly Claim[];
  /** Names that it has given up to serve. */
  readonly refuses: readonly string[];
  /** Models that it can't serve though it should. */
  readonly failures: readonly ModelFailure[];
}

export type Situation =
  & Intent
  & Pick<AnnouncementContent, "assignable" | "wanted" | "dropped" | "demand" | "tunnelPorts">;

/** This node's announcement while it does these jobs. */
export function announcementOf(
  facts: NodeFacts,
  jobs: readonly Job[],
  situation: Situation,
): AnnouncementContent {
  const { machine, memory, serving } = facts;
  return {
    machine: { ...machine, devices: withUse(machine.devices, jobs) },
    role: roleOf(jobs),
    memoryBytes: memory.memoryBytes,
    models: facts.models.map((model) => ({
      name: model.name,
      sizeBytes: model.sizeBytes,
      fingerprint: model.fingerprint,
      needBytes: needBytes(model, serving.contextLength),
    })),
    ...situation,
    split: serving.split,
    tensorSplit: serving.tensorSplit,
    downloadBytes: facts.downloadBytes,
    instances: jobs.flatMap(({ instance }) => instance ?? []),
    obeys: jobs.flatMap(({ obeys }) => obeys ?? []),
  };
}

/** Of a node that does several things, the one that others depend on most. */
export function roleOf(jobs: readonly Job[]): ActiveRole {
  if (jobs.some(({ plan }) => serves(plan))) return "host";
  return jobs.some(({ plan }) => plan.kind === "worker") ? "worker" : "standby";
}

function withUse(devices: readonly DeviceMemory[], jobs: readonly Job[]): DeviceMemory[] {
  const uses = jobs.map((job) => useOf(job, devices));
  return devices.map((device, index) => {
    const usedBytes = uses.reduce((sum, use) => sum + (use[index] ?? 0), 0);
    return { ...device, usedBytes: Math.round(usedBytes) };
  });
}

/** The bytes that a job takes of each device: as llama.cpp tells it, or as it is planned. */
export function useOf({ usedBytes, placed }: Job, devices: readonly DeviceMemory[]): number[] {
  if (placed === undefined) return spread(usedBytes, devices);
  return devices.map(({ name }) => placed[name] ?? 0);
}
