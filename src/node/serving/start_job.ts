import { basename } from "node:path";
import { reasonOf } from "../../base/as_error.ts";
import type { OfferedMemory } from "../../engine/mod.ts";
import type { Instance, ModelRef } from "../../mesh/mod.ts";
import { devicesFor, offeredTo } from "./own_devices.ts";
import { downloadJob } from "./download_job.ts";
import { type Changed, idleJob, type Job, type JobParts, sizesOf } from "./job.ts";
import { HostJob } from "./host_job.ts";
import type { Plan } from "../plan/plan.ts";
import { serves } from "../plan/transition.ts";
import { SoloJob } from "./solo_job.ts";
import { everyone, highestTerm, type View } from "../plan/view.ts";
import { WorkerJob } from "./worker_job.ts";

export interface StartOptions {
  readonly view: View;
  /** The memory of this machine that its other jobs leave. */
  readonly memory: OfferedMemory;
  /** ... and further models, which are to begin after this one. */
  readonly unclaimed: OfferedMemory;
  readonly changed: Changed;
}

/** Makes plans into jobs, each instance with a term of its own. */
export class JobStarter {
  readonly #parts: JobParts;
  readonly #terms = new Map<string, number>();

  constructor(parts: JobParts) {
    this.#parts = parts;
  }

  /** A job that can't even begin counts as one that has failed. */
  start(plan: Plan, options: StartOptions): Job {
    try {
      return this.#start(plan, options);
    } catch (error) {
      // Nothing else will happen to it that would have somebody look at it.
      queueMicrotask(options.changed);
      return idleJob(plan, null, reasonOf(error));
    }
  }

  /** The shape of a job that waits until others of this node have loaded, or are gone. */
  queued(plan: Plan, view: View): Job {
    if (plan.kind !== "solo") return idleJob(plan, null);
    return idleJob(plan, {
      model: plan.model,
      ...sizesOf(this.#parts, plan),
      mode: "solo",
      state: "loading",
      term: this.#newTerm(plan.model, view),
      hostShare: 1,
      workers: [],
      needBytes: plan.needBytes,
      haveBytes: plan.needBytes,
    });
  }

  #start(plan: Plan, { view, memory, unclaimed, changed }: StartOptions): Job {
    if (serves(plan)) requireFiles(this.#parts, plan);
    const parts = partsWith(settled(this.#parts, plan), { memory, unclaimed });
    switch (plan.kind) {
      case "solo":
        return new SoloJob(plan, this.#newTerm(plan.model, view), ownDevices(parts, plan), changed);
      case "host":
        return new HostJob(plan, this.#newTerm(plan.model, view), parts, changed);
      case "worker":
        return new WorkerJob(plan, parts, changed);
      case "waiting":
        return idleJob(plan, waitingInstance(plan, this.#newTerm(plan.model, view), parts));
      case "download":
        return downloadJob(plan, parts, changed);
      case "follow":
      case "standby":
        return idleJob(plan, null);
    }
  }

  /** Above every term that this node has seen for the model, those of the dead included. */
  #newTerm(model: ModelRef, view: View): number {
    const seen = Math.max(
      this.#terms.get(model.fingerprint) ?? 0,
      highestTerm(everyone(view), model),
    );
    this.#terms.set(model.fingerprint, seen + 1);
    return seen + 1;
  }
}

/** Parts that change while the job runs, such as the devices that were lost, have to stay getters. */
function partsWith<Own>(parts: JobParts, own: Own): JobParts & Own {
  return Object.defineProperties({ ...parts, ...own }, {
    ...Object.getOwnPropertyDescriptors(parts),
    ...Object.getOwnPropertyDescriptors(own),
  });
}

/** Without them llama-server would only be started to end. @throws */
function requireFiles(
  { localModel, missingFile }: JobParts,
  plan: { readonly model: ModelRef },
): void {
  const model = localModel(plan);
  const path = model && missingFile(model);
  if (path === undefined) return;
  throw new Error(`its file ${basename(path)} is gone: put it back, or drop the model`);
}

/** Settings that change while the job runs are for the one that takes its place. */
function settled(parts: JobParts, plan: Plan): JobParts {
  if (!serves(plan)) return parts;
  const settings = parts.settingsOf(plan.model);
  return partsWith(parts, { settingsOf: () => settings });
}

/** With the devices that the model's settings name. */
function ownDevices(
  parts: JobParts & Pick<StartOptions, "memory" | "unclaimed">,
  { model }: { readonly model: ModelRef },
): typeof parts {
  const { device } = parts.settingsOf(model);
  if (device === null) return parts;
  return partsWith(parts, {
    get engine() {
      return { devices: devicesFor(parts.engine.devices, device) };
    },
    memory: offeredTo(parts.memory, device),
    unclaimed: offeredTo(parts.unclaimed, device),
  });
}

function waitingInstance(
  { model, needBytes, haveBytes }: Extract<Plan, { kind: "waiting" }>,
  term: number,
  parts: JobParts,
): Instance {
  return {
    model,
    ...sizesOf(parts, { model }),
    mode: "split",
    state: "waiting",
    term,
    hostShare: 0,
    workers: [],
    needBytes,
    haveBytes,
  };
}
