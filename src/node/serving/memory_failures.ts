import type { ModelRef } from "../../mesh/mod.ts";
import { MAX_MEMORY_FAILURES } from "../plan/defaults.ts";
import { modelKey } from "../plan/view.ts";

/**
 * The models for which a device had less memory than it offers: other programs use it too. The only owner of that knowledge;
 * it ends with the node.
 */
export class MemoryFailures {
  readonly #reasons = new Map<string, string>();

  add(model: ModelRef, reason: string): void {
    this.#reasons.set(modelKey(model), reason);
    const [oldest] = this.#reasons.keys();
    if (this.#reasons.size > MAX_MEMORY_FAILURES && oldest !== undefined) {
      this.#reasons.delete(oldest);
    }
  }

  reason(model: ModelRef): string | null {
    return this.#reasons.get(modelKey(model)) ?? null;
  }
}
