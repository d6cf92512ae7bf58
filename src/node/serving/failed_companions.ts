import type { ExitCause } from "../../engine/mod.ts";
import type { LocalModel } from "../../models/mod.ts";
import type { Companion, Companions } from "../plan/companions.ts";
import { MAX_FAILED_COMPANIONS } from "../plan/defaults.ts";

/**
 * Of the files that a model was loaded with, the one at which llama-server failed. If it names none, all of them, but
 * none in a split: there another machine is the likelier cause. Pure.
 */
export function suspectsOf(
  { draft, projector }: Companions,
  { part }: Pick<ExitCause, "part">,
  mode: "solo" | "split",
): Companion[] {
  const named = part === "draft" ? draft : part === "projector" ? projector : null;
  if (named !== null) return [named];
  return mode === "split" ? [] : [draft, projector].filter((one) => one !== null);
}

/** With which files llama-server could not load a model, and why. The only owner of that knowledge; it ends with the node. */
export class FailedCompanions {
  readonly #reasons = new Map<string, string>();

  add(model: LocalModel, companion: Companion, reason: string): void {
    this.#reasons.set(keyOf(model, companion), reason);
    const [oldest] = this.#reasons.keys();
    if (this.#reasons.size > MAX_FAILED_COMPANIONS && oldest !== undefined) {
      this.#reasons.delete(oldest);
    }
  }

  reason(model: LocalModel, companion: Companion): string | null {
    return this.#reasons.get(keyOf(model, companion)) ?? null;
  }
}

/** A file of another size is another one. */
function keyOf({ fingerprint }: LocalModel, { path, sizeBytes }: Companion): string {
  return `${fingerprint} ${sizeBytes} ${path}`;
}
