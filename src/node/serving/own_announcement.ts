import type { OfferedMemory } from "../../engine/mod.ts";
import type { ActiveRole, AnnouncementContent, Claim, Machine, ModelRef } from "../../mesh/mod.ts";
import type { LocalModel } from "../../models/mod.ts";
import { leastBytes } from "../../models/mod.ts";
import type { ServingConfig } from "../plan/config.ts";
import type { SettingsOf } from "../plan/model_settings.ts";
import type { FailedModel } from "./failure_backoff.ts";
import type { Job } from "./job.ts";
import { reservationsBy, withUse } from "./held_memory.ts";
import { serves } from "../plan/transition.ts";

/** The facts that stay the same while a node runs. */
export interface NodeFacts {
  readonly machine: Machine;
  readonly memory: OfferedMemory;
  readonly models: readonly LocalModel[];
  readonly serving: Pick<ServingConfig, "split" | "tensorSplit">;
  readonly settingsOf: SettingsOf;
  readonly downloadBytes: number;
}

/** The part of a node's announcement that is not about its jobs. */
export interface Intent {
  /** The models whose groups it belongs to. */
  readonly targets: readonly ModelRef[];
  readonly claims: readonly Claim[];
  /** Models that it has given up to serve. */
  readonly refuses: readonly ModelRef[];
  /** Models that it can't serve though it should. */
  readonly failures: readonly FailedModel[];
  /** Names of the models that it loads once others have had their turn. */
  readonly turns: readonly string[];
}

export type Situation = Pick<
  AnnouncementContent,
  | "targets"
  | "claims"
  | "refuses"
  | "failures"
  | "assignable"
  | "wanted"
  | "asked"
  | "dropped"
  | "demand"
  | "turns"
>;

/** This node's announcement while it does these jobs. */
export function announcementOf(
  facts: NodeFacts,
  jobs: readonly Job[],
  situation: Situation,
): AnnouncementContent {
  const { machine, memory, serving, settingsOf } = facts;
  return {
    machine: { ...machine, devices: withUse(machine.devices, jobs) },
    role: roleOf(jobs),
    memoryBytes: memory.memoryBytes,
    models: facts.models.map((model) => ({
      name: model.name,
      sizeBytes: model.sizeBytes,
      fingerprint: model.fingerprint,
      needBytes: leastBytes(model, settingsOf(model)),
    })),
    aliases: facts.models.flatMap((model) =>
      settingsOf(model).aliases.map((alias) => ({
        alias,
        model: { name: model.name, fingerprint: model.fingerprint },
      }))
    ),
    ...situation,
    split: serving.split,
    tensorSplit: serving.tensorSplit,
    downloadBytes: facts.downloadBytes,
    instances: jobs.flatMap(({ instance }) => instance ?? []),
    obeys: jobs.flatMap(({ obeys }) => obeys ?? []),
    reservations: reservationsBy(jobs, machine.devices),
  };
}

/** Of a node that does several things, the one that others depend on most. */
export function roleOf(jobs: readonly Job[]): ActiveRole {
  if (jobs.some(({ plan }) => serves(plan))) return "host";
  return jobs.some(({ plan }) => plan.kind === "worker") ? "worker" : "standby";
}
