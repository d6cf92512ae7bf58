/** When a model that nobody asks for gives its memory back. Time is an argument. */

import type { KeepAlive } from "../../base/keep_alive.ts";
import { isNamed } from "../../base/model_ids.ts";
import { modelKey, sameModel } from "./view.ts";
import { dropping, type Wishes } from "./wishes.ts";
import type { Instance, ModelRef } from "../../mesh/mod.ts";

export interface IdleInput {
  /** As the last request has said it, or `--idle-unload`; `null` never. */
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

/** A model that rests, and what its user wanted of it before. */
export interface Resting {
  readonly model: ModelRef;
  /** Its name, where no other model on this disk has that. */
  readonly id: string;
  /** Those that were pinned with a lower priority; `null` where it was not pinned. */
  readonly pinnedBefore: readonly ModelRef[] | null;
}

/** @param id its name, where no other model on this disk has that */
export function unloading(
  wishes: Wishes,
  model: ModelRef,
  id: string = model.name,
): { wishes: Wishes; resting: Resting } {
  const place = wishes.pinned.findIndex((one) => sameModel(one, model));
  const rested = {
    ...dropping(wishes, id),
    dropped: wishes.dropped,
    resting: [...wishes.resting, id],
  };
  const pinnedBefore = place === -1 ? null : wishes.pinned.slice(place + 1);
  return { wishes: rested, resting: { model, id, pinnedBefore } };
}

/**
 * It is pinned again where it was, behind what was chosen meanwhile; a model that nobody chose is only no longer refused,
 * and one that was dropped meanwhile stays dropped.
 */
export function reloading(wishes: Wishes, { model, id, pinnedBefore }: Resting): Wishes {
  const isOther = (name: string) => !isNamed(name, model);
  const awake = { ...wishes, resting: wishes.resting.filter(isOther) };
  if (pinnedBefore === null || !wishes.dropped.every(isOther)) return awake;
  const { pinned, wanted } = awake;
  const next = pinned.findIndex((one) => pinnedBefore.some((other) => sameModel(one, other)));
  return {
    ...awake,
    pinned: pinned.toSpliced(next === -1 ? pinned.length : next, 0, model),
    wanted: [id, ...wanted.filter((one) => one !== id)],
  };
}

/** The facts that a check needs. */
export interface IdleCheck {
  /** Of this node. */
  readonly instances: readonly Pick<Instance, "model" | "state">[];
  /** As `Demand.idleSinceMs` has it. */
  readonly endedMs: (model: string) => number | undefined;
  readonly isWantedElsewhere: (model: ModelRef) => boolean;
  /** Among the models on this disk. @default {its name} */
  readonly idOf?: (model: ModelRef) => string;
  readonly wishes: Wishes;
  readonly nowMs: number;
}

export interface Rested {
  readonly model: ModelRef;
  /** Its last request has said so; else its settings. */
  readonly isAsked: boolean;
  /** The wishes of the node from then on. */
  readonly wishes: Wishes;
}

/** The models of this node that rest, each by itself. */
export class IdleUnloader {
  readonly #idleMsOf: (model: ModelRef) => number | null;
  /** By name. */
  readonly #resting = new Map<string, Resting>();
  /** By `modelKey`, of the models that answer now. */
  #warmSinceMs: ReadonlyMap<string, number> = new Map();
  /** By `modelKey`, of models whose last request has said how long they stay. */
  readonly #kept = new Map<string, KeepAlive>();

  constructor(idleMsOf: (model: ModelRef) => number | null) {
    this.#idleMsOf = idleMsOf;
  }

  get isResting(): boolean {
    return this.#resting.size > 0;
  }

  /** A model that answers was asked. The last request holds, also where it says nothing. */
  asked(model: ModelRef, keepAlive: KeepAlive | undefined): void {
    if (keepAlive === undefined) this.#kept.delete(modelKey(model));
    else this.#kept.set(modelKey(model), keepAlive);
  }

  /** It goes as soon as its last answer has ended. */
  leavesAtOnce(model: ModelRef): boolean {
    return this.#kept.get(modelKey(model)) === 0;
  }

  /** One model that goes to rest now; `undefined` where none does. */
  check(
    { instances, endedMs, isWantedElsewhere, wishes, nowMs, idOf }: IdleCheck,
  ): Rested | undefined {
    const warm = instances.filter(({ state }) => state === "warm").map(({ model }) => model);
    const since = new Map(warm.map((model) => {
      const key = modelKey(model);
      return [key, this.#warmSinceMs.get(key) ?? nowMs] as const;
    }));
    this.#warmSinceMs = since;
    for (const key of this.#kept.keys()) if (!since.has(key)) this.#kept.delete(key);
    const model = warm.find((one) => {
      const ended = endedMs(one.name);
      return shouldUnload({
        idleMs: this.#idleMs(one),
        nowMs,
        idleSinceMs: ended === undefined
          ? undefined
          : Math.max(ended, since.get(modelKey(one)) ?? nowMs),
        isWantedElsewhere: isWantedElsewhere(one),
      });
    });
    if (model === undefined) return undefined;
    const rested = unloading(wishes, model, idOf?.(model));
    const key = modelKey(model);
    this.#resting.set(key, rested.resting);
    const isAsked = this.#kept.delete(key);
    return { model, isAsked, wishes: rested.wishes };
  }

  #idleMs(model: ModelRef): number | null {
    const kept = this.#kept.get(modelKey(model));
    return kept === undefined ? this.#idleMsOf(model) : kept;
  }

  /** The wishes after somebody has asked for the model by its name or id; `undefined` where it does not rest. */
  wake(asked: string, wishes: Wishes): Wishes | undefined {
    const woken = [...this.#resting].filter(([, { model }]) => isNamed(asked, model));
    if (woken.length === 0) return undefined;
    for (const [key] of woken) this.#resting.delete(key);
    return woken.reduce((left, [, resting]) => reloading(left, resting), wishes);
  }
}
