import { WeightIndexer, type WeightIndexerOptions } from "./weight_indexer.ts";

export interface DiskWatchOptions extends WeightIndexerOptions {
  /** Files of models have come, gone or been replaced. */
  readonly changed: () => void;
}

/** Follows the models on this machine's disk while the node runs, and indexes their weights. */
export class DiskWatch {
  readonly #indexer: WeightIndexer;
  readonly #ending = new AbortController();
  readonly #watching: Promise<void>;
  readonly #unsubscribe: () => void;

  constructor(options: DiskWatchOptions) {
    const { inventory, logger, changed } = options;
    this.#indexer = new WeightIndexer(options);
    this.#indexer.index();
    this.#watching = inventory.watch(this.#ending.signal).catch((error: unknown) =>
      logger.warn("New models are noticed at the next start: {error}", { error })
    );
    this.#unsubscribe = inventory.subscribe(() => {
      this.#indexer.index();
      changed();
    });
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#ending.abort(new Error("The node stops"));
    await Promise.all([this.#indexer.stop(), this.#watching]);
  }
}
