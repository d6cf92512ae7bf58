import type { Logger } from "@logtape/logtape";
import type { ModelInventory, WeightLibrary } from "../../models/mod.ts";

export interface WeightIndexerOptions {
  readonly weights: WeightLibrary;
  readonly inventory: ModelInventory;
  readonly logger: Logger;
}

/** Learns the weights of what is on the disk, once an earlier look is done. */
export class WeightIndexer {
  readonly #weights: WeightLibrary;
  readonly #inventory: ModelInventory;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #running = Promise.resolve();

  constructor({ weights, inventory, logger }: WeightIndexerOptions) {
    this.#weights = weights;
    this.#inventory = inventory;
    this.#logger = logger;
  }

  index(): void {
    this.#running = this.#index(this.#running);
  }

  /** Resolves when nothing is under way. */
  stop(): Promise<void> {
    this.#stop.abort(new Error("The node stops"));
    return this.#running;
  }

  async #index(earlier: Promise<void>): Promise<void> {
    await earlier;
    await this.#weights.index(this.#inventory.models, this.#stop.signal)
      .catch((error: unknown) => this.#logger.debug("Hashing ended early: {error}", { error }));
  }
}
