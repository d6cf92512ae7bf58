import type { Engine, OfferedMemory, Supervisor } from "../../engine/mod.ts";
import type { Machine } from "../../mesh/mod.ts";
import type { KeptChoices } from "../data/kept_choices.ts";
import { modelNameOf } from "../plan/plan.ts";
import { roleOf } from "../serving/own_announcement.ts";
import type { Reconciler } from "../serving/reconciler.ts";
import type { SleepLock } from "../serving/sleep_lock.ts";
import { freezeNotes } from "./freeze_notes.ts";
import type { NodePart } from "./part.ts";

export interface ActiveReportOptions {
  readonly engine: Pick<Engine, "llamaServer">;
  readonly memory: Pick<OfferedMemory, "memoryBytes">;
  readonly supervisor: Pick<Supervisor, "freezes">;
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

  get why(): string | null {
    const { reconciler: { works }, kept } = this.#options;
    const work = works.find(({ job }) => job.instance !== null);
    if (!work?.job.instance) return null;
    return work.pinned ? kept.why(work.job.instance.model.name) : work.reason;
  }

  get loading(): NodePart["loading"] {
    const { works } = this.#options.reconciler;
    const loading = works.find(({ job: { instance } }) => instance?.state === "loading")?.job;
    return loading?.instance
      ? { model: loading.instance.model.name, fraction: loading.progress }
      : null;
  }

  get notes(): readonly string[] {
    return this.#options.reconciler.works.flatMap(({ job }) => job.notes ?? []);
  }

  status(): ReturnType<NodePart["status"]> {
    const { engine: { llamaServer }, memory, supervisor, sleep, reconciler } = this.#options;
    const machine = this.#options.machine();
    const jobs = reconciler.works.map(({ job }) => job);
    const [first] = jobs;
    const awake = sleep.isHeld ? ["It stays awake while other machines use it"] : [];
    const notes = [...freezeNotes(supervisor.freezes), ...awake];
    return {
      ...machine,
      ...(notes.length === 0 ? {} : { notes }),
      role: roleOf(jobs),
      model: first ? modelNameOf(first.plan) : null,
      vramBytes: memory.memoryBytes,
      engine: machine.engine && { ...machine.engine, path: llamaServer },
    };
  }
}
