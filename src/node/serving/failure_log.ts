import type { Logger } from "@logtape/logtape";
import { kindOfCause } from "../../engine/mod.ts";

export interface Failure {
  /** Of the plan: two models may have one name. */
  readonly key: string;
  readonly model: string;
  readonly reason: string;
  /** It is not expected to succeed as things are. */
  readonly isFailed: boolean;
}

/** Tells people of loads that have failed: of each once, and once more when it turns out that it goes on like that. */
export class FailureLog {
  readonly #logger: Logger;
  /** By `workKey`. */
  readonly #told = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** It works, or is not tried any more: its next failure is news. */
  forget(key: string): void {
    this.#told.delete(key);
  }

  tell({ key, model, reason, isFailed }: Failure): void {
    const kind = `${isFailed} ${kindOfCause(reason)}`;
    const isNews = kind !== this.#told.get(key);
    this.#told.set(key, kind);
    if (!isNews) {
      this.#logger.debug("{model} could not be loaded again: {reason}", { model, reason });
    } else if (isFailed) {
      this.#logger.error(
        "{model} can't be loaded: {reason}. It is tried again in growing pauses, and at once when its file changes",
        { event: "failed", model, reason },
      );
    } else {
      const message = "{model} could not be loaded: {reason}. It is tried again";
      this.#logger.warn(message, { model, reason });
    }
  }
}
