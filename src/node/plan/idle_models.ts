/** When a model that nobody asks for gives its memory back. Time is an argument. */

import { dropping, serving, type Wishes } from "./wishes.ts";
import { isNamed } from "../../base/model_ids.ts";
import type { Instance, ModelRef } from "../../mesh/mod.ts";

export interface IdleInput {
  /** `--idle-unload`; `null` never. */
  readonly idleMs: number | null;
  readonly nowMs: number;
  /** When the model became warm, or its last answer ended; `undefined` while one is given. */
  readonly idleSinceMs: number | undefined;
  /** Other nodes want it: then it would only be loaded again. */
  readonly isWantedElsewhere: boolean;
}

export function shouldUnload(
  { idleMs, nowMs, idleSinceMs, isWantedElsewhere }: IdleInput,
): boolean {
  if (idleMs === null || idleSinceMs === undefined || isWantedElsewhere) return false;
  return nowMs - idleSinceMs >= idleMs;
}

/** The wishes of a node whose model rests, and those that it returns to when the model is asked for. */
export interface Resting {
  readonly model: ModelRef;
  readonly before: Wishes;
}

/** @param id its name, where no other model on this disk has that */
export function unloading(
  wishes: Wishes,
  model: ModelRef,
  id: string = model.name,
): { wishes: Wishes; resting: Resting } {
  const rested = {
    ...dropping(wishes, id),
    dropped: wishes.dropped,
    resting: [id],
  };
  return { wishes: rested, resting: { model, before: wishes } };
}

/** A choice made meanwhile stays; a model that nobody chose is only no longer refused. */
export function reloading(wishes: Wishes, { model, before }: Resting): Wishes {
  if (wishes.pinned === null && before.pinned?.name === model.name) return serving(wishes, model);
  return { ...wishes, resting: wishes.resting.filter((name) => !isNamed(name, model)) };
}

/** The facts about the running instance that a check needs. */
export interface IdleCheck {
  readonly instance: Instance | null;
  /** As `Demand.idleSinceMs` has it. */
  readonly endedMs: (model: string) => number | undefined;
  readonly isWantedElsewhere: (model: ModelRef) => boolean;
  /** Among the models on this disk. @default {its name} */
  readonly idOf?: (model: ModelRef) => string;
  readonly wishes: Wishes;
  readonly nowMs: number;
}

/** The model of this node that rests, if any. */
export class IdleUnloader {
  readonly #idleMs: number | null;
  #resting: Resting | null = null;
  #warmSinceMs: number | undefined;

  constructor(idleMs: number | null) {
    this.#idleMs = idleMs;
  }

  get isResting(): boolean {
    return this.#resting !== null;
  }

  /** The wishes of a node whose model goes to rest now; `undefined` where none does. */
  check(
    { instance, endedMs, isWantedElsewhere, wishes, nowMs, idOf }: IdleCheck,
  ): Wishes | undefined {
    if (instance === null || instance.state !== "warm") {
      this.#warmSinceMs = undefined;
      return undefined;
    }
    this.#warmSinceMs ??= nowMs;
    const { model } = instance;
    const ended = endedMs(model.name);
    const rests = shouldUnload({
      idleMs: this.#idleMs,
      nowMs,
      idleSinceMs: ended === undefined ? undefined : Math.max(ended, this.#warmSinceMs),
      isWantedElsewhere: isWantedElsewhere(model),
    });
    if (!rests) return undefined;
    const rested = unloading(wishes, model, idOf?.(model));
    this.#resting = rested.resting;
    return rested.wishes;
  }

  /** The wishes after somebody has asked for the model by its name or id; `undefined` where it does not rest. */
  wake(asked: string, wishes: Wishes): Wishes | undefined {
    if (this.#resting === null || !isNamed(asked, this.#resting.model)) return undefined;
    const woken = reloading(wishes, this.#resting);
    this.#resting = null;
    return woken;
  }
}
