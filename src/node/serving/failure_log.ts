import type { Logger } from "@logtape/logtape";
import { kindOfCause } from "../../engine/mod.ts";

export interface Failure {
  readonly model: string;
  readonly reason: string;
  /** It is not expected to succeed as things are. */
  readonly isFailed: boolean;
}

/** Tells people of a load that has failed: once, and once more when it turns out that it goes on like that. */
export class FailureLog {
  readonly #logger: Logger;
  #told = "";

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** It works: the next failure is news. */
  forget(): void {
    this.#told = "";
  }

  tell({ model, reason, isFailed }: Failure): void {
    const kind = `${isFailed} ${model} ${kindOfCause(reason)}`;
    const isNews = kind !== this.#told;
    this.#told = kind;
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
