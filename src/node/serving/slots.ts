import type { Claim, ModelRef } from "../../mesh/mod.ts";
import type { PlannedWork } from "../plan/decide.ts";
import { type Plan, workKey } from "../plan/plan.ts";
import type { Served } from "../plan/turns.ts";
import { modelKey } from "../plan/view.ts";
import type { Beside } from "./room.ts";
import { Slot } from "./slot.ts";

/** The slots of one node, in the order of the latest plan; those that are to end come last. */
export class Slots {
  #byKey: ReadonlyMap<string, Slot> = new Map();

  get all(): readonly Slot[] {
    return [...this.#byKey.values()];
  }

  get busy(): readonly Slot[] {
    return this.all.filter(({ isBusy }) => isBusy);
  }

  /** All jobs that run now. */
  get beside(): Beside {
    const jobsOf = (goOn: boolean) =>
      this.busy.filter(({ isWanted }) => isWanted === goOn).map(({ job }) => job);
    return { running: jobsOf(true), ending: jobsOf(false) };
  }

  /** Plans that are still to begin, besides that of one slot. */
  later(slot: Slot): Plan[] {
    return this.all.filter((one) => one !== slot && one.isWanted && !one.isBusy)
      .map(({ next }) => next);
  }

  /** The claims that it acts on. */
  get taken(): readonly Claim[] {
    return this.all.flatMap(({ taken }) => taken ?? []);
  }

  /** ... and has a plan for no longer, though they run. */
  get leaving(): readonly Claim[] {
    return this.all.filter(({ isWanted, isEnding }) => !isWanted && !isEnding)
      .flatMap(({ taken }) => taken ?? []);
  }

  /** Nothing is being stopped, but for what still answers. */
  get isQuiet(): boolean {
    return this.all.every(({ isEnding, isDraining }) => !isEnding || isDraining);
  }

  /** ... and everything that should run does. */
  get isSettled(): boolean {
    return this.all.every(({ isBusy, isEnding }) => isBusy && !isEnding);
  }

  release(model: ModelRef): void {
    this.#byKey.get(modelKey(model))?.release();
  }

  /** When it began with a model; long ago where it did not. */
  sinceMs(model: ModelRef): number {
    return this.#byKey.get(modelKey(model))?.sinceMs ?? -Infinity;
  }

  /** For how long it has answered for the model, and how long that took to load. */
  served(model: ModelRef, nowMs: number): Pick<Served, "warmMs" | "loadMs"> {
    const slot = this.#byKey.get(modelKey(model));
    const warmAtMs = slot?.warmAtMs ?? null;
    if (slot === undefined || warmAtMs === null) return { warmMs: null, loadMs: 0 };
    return { warmMs: nowMs - warmAtMs, loadMs: warmAtMs - slot.sinceMs };
  }

  plan(works: readonly PlannedWork[], nowMs: number): void {
    const planned = new Map(works.map((work) => [workKey(work.plan), work]));
    const keys = new Set([...planned.keys(), ...this.#byKey.keys()]);
    this.#byKey = new Map([...keys].map((key) => [key, this.#byKey.get(key) ?? new Slot()]));
    for (const [key, slot] of this.#byKey) slot.plan(planned.get(key) ?? null, nowMs);
  }

  /** Takes out those that are over. */
  clear(): Slot[] {
    const over = this.all.filter(({ isOver }) => isOver);
    this.#byKey = new Map([...this.#byKey].filter(([, { isOver }]) => !isOver));
    return over;
  }
}
