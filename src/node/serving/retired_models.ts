import type { ModelRef } from "../../mesh/mod.ts";
import { MAX_RETIRED } from "../plan/defaults.ts";
import { modelKey } from "../plan/view.ts";

/** The models whose servers a node has ended by itself, and that it does not serve again: nothing of them broke. */
export class RetiredModels {
  readonly #keys = new Set<string>();

  add(model: ModelRef): void {
    this.#keys.add(modelKey(model));
    const [oldest] = this.#keys;
    if (this.#keys.size > MAX_RETIRED && oldest !== undefined) this.#keys.delete(oldest);
  }

  /** It is served again. */
  delete(model: ModelRef): void {
    this.#keys.delete(modelKey(model));
  }

  has(model: ModelRef): boolean {
    return this.#keys.has(modelKey(model));
  }
}
