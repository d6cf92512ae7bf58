import type { Logger } from "@logtape/logtape";
import type { ModelInventory } from "../../models/mod.ts";
import { sameModel } from "../plan/view.ts";
import { ChangedFiles, type ChangedFilesOptions } from "./changed_files.ts";
import type { FailedModel } from "./failure_backoff.ts";

export interface FailedModelsOptions extends Pick<ChangedFilesOptions, "after"> {
  readonly inventory: Pick<ModelInventory, "models" | "reread">;
  /** Models that this node can't serve though it should. */
  readonly failures: () => readonly FailedModel[];
  /** Tries all of it at once. */
  readonly retry: () => void;
  readonly logger: Logger;
}

/** Looks after the files of models that can't be loaded here: a user who mends one wants it tried at once. */
export class FailedModels {
  readonly #options: FailedModelsOptions;
  readonly #files: ChangedFiles;

  constructor(options: FailedModelsOptions) {
    this.#options = options;
    this.#files = new ChangedFiles({ changed: () => void this.#reread(), after: options.after });
  }

  /** Checks whether the failed files have changed. */
  check(): void {
    this.#files.watch(
      this.#models().flatMap(({ shards, projector }) => [
        ...shards,
        ...(projector === null ? [] : [projector.path]),
      ]),
    );
  }

  /** The files on the disk have changed: a missing file may have come. */
  retry(): void {
    if (this.#options.failures().length > 0) this.#options.retry();
  }

  stop(): void {
    this.#files.watch([]);
  }

  #models() {
    const failures = this.#options.failures();
    return this.#options.inventory.models.filter((file) =>
      failures.some(({ model }) => sameModel(model, file))
    );
  }

  async #reread(): Promise<void> {
    const { inventory, retry, logger } = this.#options;
    for (const { path } of this.#models()) {
      await inventory.reread(path).catch((error: Error) =>
        logger.warn("The changed file {path} can't be used: {reason}", {
          path,
          reason: error.message,
        })
      );
    }
    retry();
  }
}
