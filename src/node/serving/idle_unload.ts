import type { Logger } from "@logtape/logtape";
import { type Mesh, systemClock } from "../../mesh/mod.ts";
import type { Outlook } from "./outlook.ts";
import type { Reconciler } from "./reconciler.ts";
import { RestKeeper } from "../plan/rest.ts";

export interface IdleUnloadOptions {
  readonly mesh: Pick<Mesh, "members">;
  readonly outlook: Outlook;
  readonly reconciler: Pick<Reconciler, "duty" | "reconsider" | "wake">;
  /** `--idle-unload`. */
  readonly idleUnloadMs: number | null;
  readonly logger: Logger;
}

/** `--idle-unload`: what nobody asks for gives its memory back, until somebody does. */
export class IdleUnload {
  readonly #options: IdleUnloadOptions;
  readonly #rest: RestKeeper;

  constructor(options: IdleUnloadOptions) {
    this.#options = options;
    this.#rest = new RestKeeper(options.idleUnloadMs);
  }

  /** A model waits here to be asked for. */
  get isResting(): boolean {
    return this.#rest.isResting;
  }

  look(): void {
    const { mesh, outlook, reconciler, logger } = this.#options;
    const { instance } = reconciler.duty;
    const wishes = this.#rest.look({
      instance,
      endedMs: (model) => outlook.demand.idleSinceMs(model),
      isWantedElsewhere: (model) => mesh.members().some(({ wanted }) => wanted.includes(model)),
      wishes: outlook.wishes,
      nowMs: systemClock.now(),
    });
    if (wishes === undefined || instance === null) return;
    const model = instance.model.name;
    outlook.wishes = wishes;
    outlook.summons.end(model);
    logger.info("{model} was not asked for and is unloaded until it is", {
      event: "resting",
      model,
    });
    void reconciler.reconsider(); // resolves also at the end of the node
  }

  /** The model is asked for again. */
  wakeUp(name: string): void {
    const { outlook, reconciler } = this.#options;
    const wishes = this.#rest.wake(name, outlook.wishes);
    if (wishes === undefined) return;
    outlook.wishes = wishes;
    reconciler.wake();
  }
}
