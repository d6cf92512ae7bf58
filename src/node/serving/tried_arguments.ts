import type { ModelRef } from "../../mesh/mod.ts";
import { MAX_TRIED_ARGUMENTS } from "../plan/defaults.ts";
import { modelKey } from "../plan/view.ts";

interface Refusal {
  readonly args: readonly string[];
  readonly reason: string;
}

interface Tried {
  /** With these llama-server has loaded the model. */
  readonly worked: readonly string[];
  readonly refusal: Refusal | null;
}

const NOTHING: Tried = { worked: [], refusal: null };

/**
 * With which arguments of their user llama-server has loaded the models, and which it has refused: then the last ones that
 * worked go on. The only owner of that knowledge; it ends with the node.
 */
export class TriedArguments {
  readonly #tried = new Map<string, Tried>();

  /** The arguments to start the model with. */
  choose(model: ModelRef, args: readonly string[]): readonly string[] {
    const { worked, refusal } = this.#of(model);
    return refusal !== null && isSame(refusal.args, args) ? worked : args;
  }

  worked(model: ModelRef, args: readonly string[]): void {
    this.#keep(model, { ...this.#of(model), worked: args });
  }

  /** @returns whether there are others to go on with: else the fault is not theirs. */
  refused(model: ModelRef, args: readonly string[], reason: string): boolean {
    const { worked, refusal } = this.#of(model);
    if (isSame(args, worked)) {
      if (refusal !== null) this.#keep(model, { worked, refusal: null });
      return false;
    }
    this.#keep(model, { worked, refusal: { args, reason } });
    return true;
  }

  /** For people, where the model is served without what its user set. */
  note(model: ModelRef, args: readonly string[]): string | null {
    const { worked, refusal } = this.#of(model);
    if (refusal === null || !isSame(refusal.args, args)) return null;
    const goesOn = worked.length === 0 ? "without args" : `with ${worked.join(" ")}`;
    return `The args of ${model.name} are refused (${refusal.reason}): it is served ${goesOn}`;
  }

  #of(model: ModelRef): Tried {
    return this.#tried.get(modelKey(model)) ?? NOTHING;
  }

  #keep(model: ModelRef, tried: Tried): void {
    const key = modelKey(model);
    this.#tried.delete(key);
    this.#tried.set(key, tried);
    const [oldest] = this.#tried.keys();
    if (this.#tried.size > MAX_TRIED_ARGUMENTS && oldest !== undefined) this.#tried.delete(oldest);
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}
