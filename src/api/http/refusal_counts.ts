import type { Refusal } from "./openai_errors.ts";

/**
 * How often each reason was given for a refusal, at both ports. There are as many reasons as `Refusal` has kinds,
 * whatever callers send; their requests themselves are not kept, since a flood of them would drive out the others.
 */
export class RefusalCounts {
  readonly #counts = new Map<Refusal["kind"], number>();

  count(kind: Refusal["kind"]): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  list(): [reason: string, count: number][] {
    return [...this.#counts];
  }
}
