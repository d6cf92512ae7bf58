import type { Engine, Supervisor } from "../../engine/mod.ts";
import type { Machine } from "../../mesh/mod.ts";
import type { KeptChoices } from "../data/kept_choices.ts";
import { modelNameOf } from "../plan/plan.ts";
import { lostNote } from "../serving/model_places.ts";
import { roleOf } from "../serving/own_announcement.ts";
import type { LocalState } from "../serving/local_state.ts";
import type { Reconciler } from "../serving/reconciler.ts";
import type { SleepLock } from "../serving/sleep_lock.ts";
import { freezeNotes } from "./freeze_notes.ts";
import type { NodePart } from "./part.ts";

export interface ActiveReportOptions {
  readonly engine: Pick<Engine, "llamaServer">;
  /** The memory that it offers. */
  readonly memoryBytes: () => number;
  readonly supervisor: Pick<Supervisor, "freezes" | "lostDevices">;
  readonly kept: Pick<KeptChoices, "why">;
  readonly localState: Pick<LocalState, "wishes">;
  readonly reconciler: Pick<Reconciler, "job" | "reason">;
  readonly sleep: Pick<SleepLock, "isHeld">;
  /** This machine as it is announced, with the memory in use. */
  readonly machine: () => Machine;
}

/** The report of a node that serves, or could: for the status, the console and people. */
export class ActiveReport {
  readonly #options: ActiveReportOptions;

  constructor(options: ActiveReportOptions) {
    this.#options = options;
  }

  get why(): string | null {
    const { reconciler: { job, reason }, localState, kept } = this.#options;
    if (job.instance === null) return null;
    const { name } = job.instance.model;
    return localState.wishes.pinned?.name === name ? kept.why(name) : reason;
  }

  get loading(): NodePart["loading"] {
    const { instance, progress } = this.#options.reconciler.job;
    return instance?.state === "loading"
      ? { model: instance.model.name, fraction: progress }
      : null;
  }

  get notes(): readonly string[] {
    return this.#options.reconciler.job.notes ?? [];
  }

  status(): ReturnType<NodePart["status"]> {
    const { engine: { llamaServer }, memoryBytes, supervisor, sleep, reconciler } = this.#options;
    const machine = this.#options.machine();
    const { job } = reconciler;
    const awake = sleep.isHeld ? ["It stays awake while other machines use it"] : [];
    const lost = supervisor.lostDevices.map(lostNote);
    const notes = [...freezeNotes(supervisor.freezes), ...lost, ...awake];
    return {
      ...machine,
      ...(notes.length === 0 ? {} : { notes }),
      role: roleOf(job),
      model: modelNameOf(job.plan),
      vramBytes: memoryBytes(),
      engine: machine.engine && { ...machine.engine, path: llamaServer },
    };
  }
}
