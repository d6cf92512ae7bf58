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
import { computing } from "./computing.ts";
import type { Job } from "./job.ts";
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
    machine: { ...machine, devices: withUse(machine.devices, job.usedBytes) },
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

/** Spreads what is used over the devices as llama.cpp does: by what each offers. */
function withUse(devices: readonly DeviceMemory[], usedBytes: number): DeviceMemory[] {
  const used = new Set(computing(devices));
  const offered = [...used].reduce((sum, device) => sum + device.offeredBytes, 0);
  return devices.map((device) => {
    const share = offered === 0 || !used.has(device) ? 0 : device.offeredBytes / offered;
    return { ...device, usedBytes: Math.round(usedBytes * share) };
  });
}
