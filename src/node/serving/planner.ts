import type { Claim, ModelRef } from "../../mesh/mod.ts";
import { decide, type Decision } from "../plan/decide.ts";
import { HOT_HOLD_MS } from "../plan/defaults.ts";
import type { TargetOptions } from "../plan/target.ts";
import { hasHadTurn } from "../plan/turns.ts";
import { modelKey, sameModel, type View } from "../plan/view.ts";
import type { Slots } from "./slots.ts";

/** The wishes of the user now, and what is known of the mesh's. */
export type PlanOptions = Pick<TargetOptions, "pinned" | "catalog" | "gapsMs">;

/** The latest decision of a node, and how it came to it: since when it claims what, and what it has had enough of. */
export class Planner {
  #decision: Decision = { works: [], cooled: [], yielded: [], turns: [] };
  /** By name: since when it claims a model. */
  #claimedAtMs: ReadonlyMap<string, number> = new Map();
  /** By `modelKey`: since when it gives up a model for another one. */
  #yieldedAtMs: ReadonlyMap<string, number> = new Map();
  /** Another model is to have the place of one that has still to have had its turn. */
  #isHeldBack = false;
  /** Names that were given up because nobody asked for them. */
  readonly #rested = new Set<string>();

  get isIdle(): boolean {
    return this.#decision.works.length === 0;
  }

  /** Models that it gives up because they are no longer hot. */
  get cooled(): readonly ModelRef[] {
    return this.#decision.cooled;
  }

  /** Names of the models that it takes once others have had their turn. */
  get turns(): readonly string[] {
    return this.#decision.turns;
  }

  /** It gives the model up for another one, which waits for its memory. */
  hasYielded(model: ModelRef): boolean {
    return this.#decision.yielded.some((one) => sameModel(one, model));
  }

  /** Since when it does, all the time. */
  yieldsSinceMs(model: ModelRef): number | null {
    return this.#yieldedAtMs.get(modelKey(model)) ?? null;
  }

  /** Something waits for the turn of a model to be over. */
  get waitsForTurn(): boolean {
    return this.#isHeldBack || this.turns.length > 0;
  }

  /** The models whose groups this node belongs to. */
  get targets(): readonly ModelRef[] {
    return this.#decision.works.flatMap(({ plan }) =>
      plan.kind === "standby" || plan.kind === "download" ? [] : [plan.model]
    );
  }

  get claims(): readonly Claim[] {
    return this.#decision.works.flatMap(({ claim }) => claim ?? []);
  }

  claimedAtMs(name: string): number | null {
    return this.#claimedAtMs.get(name) ?? null;
  }

  /** Decides anew, and tells the slots. */
  plan(
    view: View,
    { slots, nowMs, idleMs, ...options }: PlanOptions & {
      /** For how long nobody has waited for an answer of the model; `null` while somebody does. */
      readonly idleMs: (model: ModelRef) => number | null;
      readonly slots: Slots;
      readonly nowMs: number;
    },
  ): void {
    const [before, yieldedBefore] = [this.#claimedAtMs, this.#yieldedAtMs];
    this.#isHeldBack = false;
    this.#decision = decide(view, {
      ...options,
      hasHadTurn: (model) => {
        const isOver = hasHadTurn({ ...slots.served(model, nowMs), idleMs: idleMs(model) });
        this.#isHeldBack ||= !isOver;
        return isOver;
      },
      mayCool: (model) => nowMs >= slots.sinceMs(model) + HOT_HOLD_MS,
      rested: this.#rested,
      taken: slots.taken,
    });
    this.#claimedAtMs = new Map(
      this.claims.map(({ model }) => [model, before.get(model) ?? nowMs]),
    );
    this.#yieldedAtMs = new Map(
      this.#decision.yielded.map(modelKey).map((key) => [key, yieldedBefore.get(key) ?? nowMs]),
    );
    for (const { name } of this.cooled) this.#rested.add(name);
    for (const { model } of this.claims) this.#rested.delete(model);
    slots.plan(this.#decision.works, nowMs);
  }
}
