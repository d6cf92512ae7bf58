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

/** The part of a node's announcement that is not about its job. */
export interface Intent {
  /** The model whose group it belongs to. */
  readonly target: ModelRef | null;
  readonly claim: Claim | null;
  /** Names that it has given up to serve. */
  readonly refuses: readonly string[];
  /** Models that it can't serve though it should. */
  readonly failures: readonly ModelFailure[];
}

export type Situation =
  & Intent
  & Pick<AnnouncementContent, "assignable" | "wanted" | "dropped" | "demand" | "tunnelPorts">;

/** This node's announcement while it does `job`. */
export function announcementOf(
  facts: NodeFacts,
  job: Job,
  { target, claim, ...situation }: Situation,
): AnnouncementContent {
  const { machine, memory, serving } = facts;
  return {
    machine: { ...machine, devices: withUse(machine.devices, job) },
    role: roleOf(job),
    memoryBytes: memory.memoryBytes,
    models: facts.models.map((model) => ({
      name: model.name,
      sizeBytes: model.sizeBytes,
      fingerprint: model.fingerprint,
      needBytes: needBytes(model, serving.contextLength),
    })),
    ...situation,
    targets: listOf(target),
    claims: listOf(claim),
    split: serving.split,
    tensorSplit: serving.tensorSplit,
    downloadBytes: facts.downloadBytes,
    instances: listOf(job.instance),
    obeys: listOf(job.obeys),
  };
}

/** A node does one thing at a time. */
function listOf<T>(one: T | null): T[] {
  return one === null ? [] : [one];
}

export function roleOf(job: Job): ActiveRole {
  if (serves(job.plan)) return "host";
  return job.plan.kind === "worker" ? "worker" : "standby";
}

/** As llama.cpp tells it, or as it is planned. */
function withUse(devices: readonly DeviceMemory[], { usedBytes, placed }: Job): DeviceMemory[] {
  const planned = spread(usedBytes, devices);
  return devices.map((device, index) => {
    const told = placed === undefined ? undefined : placed[device.name] ?? 0;
    return { ...device, usedBytes: Math.round(told ?? planned[index] ?? 0) };
  });
}
