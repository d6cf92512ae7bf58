import type { Claim, ModelRef } from "../../mesh/mod.ts";
import { decide, type Decision } from "../plan/decide.ts";
import { HOT_HOLD_MS } from "../plan/defaults.ts";
import type { TargetOptions } from "../plan/target.ts";
import { hasHadTurn } from "../plan/turns.ts";
import { sameModel, type View } from "../plan/view.ts";
import type { Slots } from "./slots.ts";

/** The wishes of the user now, and what is known of the mesh's. */
export type PlanOptions = Pick<TargetOptions, "pinned" | "catalog" | "gapsMs">;

/** The latest decision of a node, and how it came to it: since when it claims what, and what it has had enough of. */
export class Planner {
  #decision: Decision = { works: [], cooled: [], yielded: [], turns: [] };
  /** By name: since when it claims a model. */
  #claimedAtMs: ReadonlyMap<string, number> = new Map();
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

  /** Since when it claims what it gives up a model for. */
  get yieldsSinceMs(): number | null {
    const begun = this.claims.map(({ model }) => this.#claimedAtMs.get(model) ?? null);
    return begun.reduce((last, atMs) => Math.max(last ?? -Infinity, atMs ?? -Infinity), null);
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
    const before = this.#claimedAtMs;
    this.#decision = decide(view, {
      ...options,
      hasHadTurn: (model) => hasHadTurn({ ...slots.served(model, nowMs), idleMs: idleMs(model) }),
      mayCool: (model) => nowMs >= slots.sinceMs(model) + HOT_HOLD_MS,
      rested: this.#rested,
      taken: slots.taken,
    });
    this.#claimedAtMs = new Map(
      this.claims.map(({ model }) => [model, before.get(model) ?? nowMs]),
    );
    for (const { name } of this.cooled) this.#rested.add(name);
    for (const { model } of this.claims) this.#rested.delete(model);
    slots.plan(this.#decision.works, nowMs);
  }
}
