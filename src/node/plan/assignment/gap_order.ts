/** The order in which models that several members have to serve together get their memory. Pure. */

import { GAPS_ALIKE_MS } from "../defaults.ts";
import type { Member } from "../view.ts";

export class GapOrder {
  readonly #members: readonly Member[];
  readonly #gapsMs: ReadonlyMap<string, number>;

  /** @param gapsMs by name, for how long a model has been wanted and not been served */
  constructor(members: readonly Member[], gapsMs: ReadonlyMap<string, number>) {
    this.#members = members;
    this.#gapsMs = gapsMs;
  }

  /** Of models that no member can serve alone: those that some are at, then those that have waited longest. */
  inOrder(together: readonly string[]): readonly string[] {
    return together.toSorted((a, b) =>
      Number(this.#isBegun(b)) - Number(this.#isBegun(a)) ||
      (this.#areAlike(a, b) ? 0 : this.#waitedMs(b) - this.#waitedMs(a)) || (a < b ? -1 : 1)
    );
  }

  /**
   * A model that takes several members gets them before one that has waited less takes their memory: else these would end
   * what they serve for nothing, over and over.
   */
  comesBefore(together: string, alone: string): boolean {
    if (this.#areAlike(together, alone)) return this.#isBegun(together);
    return this.#waitedMs(together) > this.#waitedMs(alone);
  }

  /** No two nodes have heard of them at the same moment. */
  #areAlike(a: string, b: string): boolean {
    return Math.abs(this.#waitedMs(a) - this.#waitedMs(b)) < GAPS_ALIKE_MS;
  }

  #waitedMs(name: string): number {
    return this.#gapsMs.get(name) ?? 0;
  }

  /** A member says that it would host it, and waits for the others. */
  #isBegun(name: string): boolean {
    return this.#members.some(({ instances }) =>
      instances.some(({ model, state }) => model.name === name && state === "waiting")
    );
  }
}
