import type { Engine, Supervisor } from "../../engine/mod.ts";
import type { Machine } from "../../mesh/mod.ts";
import type { KeptChoices } from "../data/kept_choices.ts";
import { modelNameOf } from "../plan/plan.ts";
import { lostNote } from "../serving/model_places.ts";
import { roleOf } from "../serving/own_announcement.ts";
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
  readonly reconciler: Pick<Reconciler, "works">;
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

  get works(): NodePart["works"] {
    const { reconciler, kept } = this.#options;
    return reconciler.works.flatMap(
      ({ job: { instance, progress, notes = [] }, pinned, reason }) => {
        if (instance === null) return [];
        const { model } = instance;
        const why = pinned ? kept.why(model.name) : reason;
        return [{ model, why, isLoading: instance.state === "loading", progress, notes }];
      },
    );
  }

  status(): ReturnType<NodePart["status"]> {
    const { engine: { llamaServer }, memoryBytes, supervisor, sleep, reconciler } = this.#options;
    const machine = this.#options.machine();
    const jobs = reconciler.works.map(({ job }) => job);
    const [first] = jobs;
    const awake = sleep.isHeld ? ["It stays awake while other machines use it"] : [];
    const lost = supervisor.lostDevices.map(lostNote);
    const notes = [...freezeNotes(supervisor.freezes), ...lost, ...awake];
    return {
      ...machine,
      ...(notes.length === 0 ? {} : { notes }),
      role: roleOf(jobs),
      model: first ? modelNameOf(first.plan) : null,
      vramBytes: memoryBytes(),
      engine: machine.engine && { ...machine.engine, path: llamaServer },
    };
  }
}
