import type { Logger } from "@logtape/logtape";
import { isNamed, ModelIds } from "../../base/model_ids.ts";
import { type Mesh, systemClock } from "../../mesh/mod.ts";
import type { ModelInventory } from "../../models/mod.ts";
import type { SettingsOf } from "../plan/model_settings.ts";
import type { LocalState } from "./local_state.ts";
import type { Reconciler } from "./reconciler.ts";
import { IdleUnloader } from "../plan/idle_models.ts";

export interface IdleUnloadOptions {
  readonly mesh: Pick<Mesh, "members">;
  readonly localState: LocalState;
  readonly reconciler: Pick<Reconciler, "jobs" | "reconsider" | "wake">;
  readonly inventory: Pick<ModelInventory, "models">;
  readonly settingsOf: SettingsOf;
  readonly logger: Logger;
}

/** `--idle-unload`, for all models or for one: what nobody asks for gives its memory back, until somebody does. */
export class IdleUnload {
  readonly #options: IdleUnloadOptions;
  readonly #rest: IdleUnloader;

  constructor(options: IdleUnloadOptions) {
    this.#options = options;
    this.#rest = new IdleUnloader((model) => options.settingsOf(model).idleUnloadMs);
  }

  /** A model waits here to be asked for. */
  get isResting(): boolean {
    return this.#rest.isResting;
  }

  check(): void {
    const { mesh, localState, reconciler, inventory, logger } = this.#options;
    const rested = this.#rest.check({
      instances: reconciler.jobs.flatMap(({ instance }) => instance ?? []),
      endedMs: (model) => localState.demand.idleSinceMs(model),
      isWantedElsewhere: (model) =>
        mesh.members().some(({ wanted }) => wanted.some((name) => isNamed(name, model))),
      wishes: localState.wishes,
      nowMs: systemClock.now(),
      idOf: (model) => new ModelIds(inventory.models).idOf(model),
    });
    if (rested === undefined) return;
    const { model: { name: model }, wishes } = rested;
    localState.wishes = wishes;
    localState.loadRequests.end(model);
    logger.info("Nobody asked for {model} for a while: it is unloaded until the next request", {
      event: "resting",
      model,
    });
    void reconciler.reconsider(); // resolves also at the end of the node
  }

  /** The model is asked for again. */
  reloading(name: string): void {
    const { localState, reconciler } = this.#options;
    const wishes = this.#rest.wake(name, localState.wishes);
    if (wishes === undefined) return;
    localState.wishes = wishes;
    reconciler.wake();
  }
}
