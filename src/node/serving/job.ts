/** One thing that a node does at one moment, behind one shape: the reconciler replaces one job by the next. */

import type { Logger } from "@logtape/logtape";
import {
  type Engine,
  hasCrashed,
  hasLostDevice,
  type LostDevice,
  type ManagedServer,
  type OfferedMemory,
  type Supervisor,
} from "../../engine/mod.ts";
import type { Instance, Mesh, ModelRef, Obedience, PeerId } from "../../mesh/mod.ts";
import { cappedNote, leastShape, type LocalModel } from "../../models/mod.ts";
import type { ModelSettings, SettingsOf } from "../plan/model_settings.ts";
import type { Companion, Companions } from "../plan/companions.ts";
import type { DeviceBytes } from "../plan/packing.ts";
import type { TriedArguments } from "./tried_arguments.ts";
import type { Plan } from "../plan/plan.ts";
import type { Offer } from "../plan/pools.ts";
import { sameModel } from "../plan/view.ts";

/** The address of this node's own llama-server. */
export interface LocalServer {
  readonly baseUrl: string;
  readonly apiKey: string | null;
  /** Requests that it answers at one time. @default {1} */
  readonly slots?: number | undefined;
  /** The id of its model, for people. */
  readonly label?: string | undefined;
  /** Fires when it does nothing any more, though its connections may stay open. */
  readonly frozen?: AbortSignal;
  /** Asked where its connections broke: whether it has crashed. */
  readonly crashed?: () => Promise<boolean>;
  /** Asked where it has answered that it failed: whether it has lost a GPU. Absent if it uses none. */
  readonly hasLostDevice?: () => Promise<boolean>;
}

/** `null` while it does not answer. */
export function localServer(
  server: ManagedServer,
  { devices }: Pick<Engine, "devices">,
): LocalServer | null {
  const { state, apiKey, frozen, spec } = server;
  if (state.kind !== "ready") return null;
  const baseUrl = `http://127.0.0.1:${state.port}`;
  return {
    baseUrl,
    apiKey,
    ...(spec.kind === "llama-server" ? { slots: spec.slots } : {}),
    label: spec.label,
    frozen,
    crashed: () => hasCrashed(server),
    ...(devices.length === 0 ? {} : { hasLostDevice: () => hasLostDevice(server) }),
  };
}

export interface Job {
  readonly plan: Plan;
  /** The instance to announce. */
  readonly instance: Instance | null;
  readonly obeys: Obedience | null;
  /** Memory of this machine that the model takes, by the rule of what fits. */
  readonly usedBytes: number;
  /** The same by device, where the job knows it: as llama.cpp has told it, or as it is planned beside other jobs. */
  readonly placed?: Readonly<Record<string, number>> | undefined;
  /** Main memory beyond that, which its llama-server may fill with conversations. */
  readonly keptBytes?: number;
  /** The part of that which the model does without where another needs it. */
  readonly spare?: Readonly<Record<string, number>> | undefined;
  /** The settings of the model with which it has begun, and goes on. */
  readonly settings?: ModelSettings;
  /** `null` until the model answers. */
  readonly server: LocalServer | null;
  /** Loopback port of this node's rpc-server while it works for another host. */
  readonly rpcPort: number | null;
  /** Fraction loaded. */
  readonly progress: number;
  /** llama.cpp loads its model now: others of this node wait until it has. */
  readonly isLoading: boolean;
  /** Why it can't go on; the reconciler replaces it. */
  readonly failure: string | null;
  /**
   * ... and it blames something that was lost: a worker, which the mesh may still have to find gone, or a GPU. The next plan
   * is another one.
   */
  readonly blamesLoss: boolean;
  /** Sentences for people about what is not as it could be. */
  readonly notes?: readonly string[];
  /** Ends its processes; resolves when they are gone. */
  stop(): Promise<void>;
}

/** Parts of every job that runs a server of llama.cpp. */
interface ServerParts {
  /** In messages: the id of a model, which is its name unless another model has that too. */
  readonly idOf: (model: ModelRef) => string;
  readonly supervisor: Pick<Supervisor, "launch">;
  readonly logger: Logger;
  /** The complete file of a model on this disk. */
  readonly localModel: (plan: { readonly model: ModelRef }) => LocalModel | undefined;
}

/** Parts of a job that answers for a model. */
export interface SoloParts extends ServerParts {
  readonly settingsOf: SettingsOf;
  readonly tried: Pick<TriedArguments, "choose" | "worked" | "refused" | "note">;
  /** The memory of this machine that is offered, as other jobs leave it. */
  readonly memory: OfferedMemory;
  /** The same without what further models of this node are about to take: for all that a model can do without. */
  readonly unclaimed: OfferedMemory;
  /** Without the devices that were lost, as `memory` is. */
  readonly engine: Pick<Engine, "devices">;
  readonly lostDevices: readonly LostDevice[];
  /** By device, the bytes that llama.cpp sees as free and that are not for the model. */
  readonly spare: (model: ModelRef) => DeviceBytes;
  /** The companions of a model that this node serves in this memory, without those that failed. Nothing drafts in a split. */
  readonly companionsOf: (
    model: LocalModel,
    mode: "solo" | "split",
    memory: OfferedMemory,
  ) => Companions;
  /** llama-server ended while it loaded the model with this file: from now on it does without. */
  readonly companionFailed: (model: LocalModel, companion: Companion, reason: string) => void;
  /** Milliseconds of a clock that never jumps: a clock that is set must not make a pause longer, or a failure older. */
  readonly now: () => number;
}

/** Parts of both sides of a split. */
interface SplitParts {
  readonly mesh: Pick<Mesh, "self" | "members" | "subscribe" | "suspect">;
}

export interface HostParts extends SoloParts, SplitParts {
  /** A GPU had less memory than it seemed to have when the model was loaded: why, or `null`. */
  readonly memoryFailure: (model: ModelRef) => string | null;
  readonly memoryFailed: (model: ModelRef, reason: string) => void;
  /** The memory that a member has for the model beside others, device by device. */
  readonly devicesOf: (peer: string, model: ModelRef) => readonly Offer[];
  readonly openTunnels: (split: HostedSplit) => SplitTunnels;
  /** Resolves when the model's weights are known by their hashes, or are not going to be. */
  readonly weightsKnown: (model: LocalModel) => Promise<void>;
  /** Runs something later; what it returns calls that off. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

export interface WorkerParts extends ServerParts, SplitParts {
  /** The memory of this machine that its other jobs leave. */
  readonly memory: OfferedMemory;
  /** The bytes that the model's host has taken, by the devices of its rpc-server; `null` where nobody can tell. */
  readonly takenBy: (model: ModelRef) => readonly number[] | null;
  /** Ends the RPC streams of the model's split. */
  readonly resetTunnels: (model: ModelRef) => void;
}

/** One term of a split, as its host needs ways to its workers. */
export interface HostedSplit {
  readonly model: ModelRef;
  readonly term: number;
  readonly workers: readonly PeerId[];
  /** Only while a llama-server of this term runs. */
  readonly mayPass: () => boolean;
}

/** The ways from a host to the rpc-servers of one split's workers. */
export interface SplitTunnels {
  /** On the loopback, by worker. */
  readonly ports: Readonly<Record<PeerId, number>>;
  /** Ends the streams too. Safe to call twice. */
  close(): Promise<void>;
}

export interface DownloadParts {
  /** Downloads a model of the catalog to its end. */
  readonly fetchModel: (name: string, signal: AbortSignal) => Promise<void>;
}

/** Parts of all jobs; each takes its own of them. */
export interface JobParts extends Omit<HostParts, "unclaimed">, WorkerParts, DownloadParts {
  /** The path of a file of the model that is not there any more. */
  readonly missingFile: (model: LocalModel) => string | undefined;
}

/** Called by a job whenever one of its fields changes. */
export type Changed = () => void;

/** A job without processes: standby, following, or waiting for memory. */
export function idleJob(
  plan: Plan,
  instance: Instance | null,
  failure: string | null = null,
): Job {
  return {
    plan,
    instance,
    obeys: null,
    server: null,
    rpcPort: null,
    progress: 0,
    isLoading: false,
    failure,
    blamesLoss: false,
    usedBytes: 0,
    stop: () => Promise.resolve(),
  };
}

/** The sizes to announce with an instance; none for a file that has gone. */
export function sizesOf(
  parts: Pick<JobParts, "localModel" | "settingsOf">,
  plan: { readonly model: ModelRef },
): Pick<Instance, "sizeBytes" | "contextLength" | "slots"> {
  const model = parts.localModel(plan);
  if (model === undefined) return { sizeBytes: 0, contextLength: 0 };
  return { sizeBytes: model.sizeBytes, ...leastShape(model, parts.settingsOf(model)) };
}

/** For people, where the user asked for a longer context than the model was trained for. */
export function cappedNotes(model: LocalModel, parts: Pick<JobParts, "settingsOf">): string[] {
  return [cappedNote(model, parts.settingsOf(model)) ?? []].flat();
}

/** The llama-server that serves exactly this model; `null` while none of these jobs serves it. */
export function serverFor(
  jobs: readonly Pick<Job, "instance" | "server">[],
  model: ModelRef,
): LocalServer | null {
  const job = jobs.find(({ instance }) => instance !== null && sameModel(instance.model, model));
  return job?.server ?? null;
}

/** Why a child serves nobody any more: in its own words, where it has ended by itself. */
export function failureOf(name: string, server: ManagedServer): string | null {
  const { state } = server;
  if (state.kind === "frozen") return `${name} is frozen and is being ended: ${state.reason}`;
  if (state.kind !== "failed") return null;
  return state.frozen === null
    ? `${name}: ${state.cause.text}`
    : `${name} was frozen: ${state.frozen}`;
}

/** The other nodes of the jobs' splits: their death must be noticed at once. */
export function splitPeers(jobs: readonly Pick<Job, "instance" | "obeys">[]): PeerId[] {
  return [
    ...new Set(jobs.flatMap(({ instance, obeys }) => {
      if (obeys !== null) return [obeys.host];
      return instance?.workers.map((worker) => worker.peer) ?? [];
    })),
  ];
}
