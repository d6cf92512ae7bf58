/** When a model that nobody asks for gives its memory back. Pure. */

import { dropping, serving, type Wishes } from "./wishes.ts";
import type { ModelRef } from "../mesh/mod.ts";

export interface RestInput {
  /** `--idle-unload`; `null` never. */
  readonly idleMs: number | null;
  readonly nowMs: number;
  /** When the model became warm, or its last answer ended; `undefined` while one is given. */
  readonly idleSinceMs: number | undefined;
  /** Other nodes want it: then it would only be loaded again. */
  readonly isWantedElsewhere: boolean;
}

export function shouldRest({ idleMs, nowMs, idleSinceMs, isWantedElsewhere }: RestInput): boolean {
  if (idleMs === null || idleSinceMs === undefined || isWantedElsewhere) return false;
  return nowMs - idleSinceMs >= idleMs;
}

/** The wishes of a node whose model rests, and those that it returns to when the model is asked for. */
export interface Resting {
  readonly model: ModelRef;
  readonly before: Wishes;
}

export function putToRest(wishes: Wishes, model: ModelRef): { wishes: Wishes; resting: Resting } {
  return { wishes: dropping(wishes, model.name), resting: { model, before: wishes } };
}

/** What was told meanwhile stays; a model that was not told is only no longer refused. */
export function wakeUp(wishes: Wishes, { model, before }: Resting): Wishes {
  if (wishes.told === null && before.told?.name === model.name) return serving(wishes, model);
  return { ...wishes, dropped: wishes.dropped.filter((name) => name !== model.name) };
}
