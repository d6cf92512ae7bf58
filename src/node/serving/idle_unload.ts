import type { Logger } from "@logtape/logtape";
import type { KeepAlive } from "../../base/keep_alive.ts";
import { isNamed, ModelIds } from "../../base/model_ids.ts";
import { type Mesh, type ModelRef, systemClock } from "../../mesh/mod.ts";
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

const BY_TIME = "Nobody asked for {model} for a while: it is unloaded until the next request";
const AS_ASKED = "{model} is unloaded until the next request, as the last one has asked";

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

  /** Unloads a model that nobody needs, if there is one. Never throws. */
  check(): void {
    try {
      this.#unloadOne();
    } catch (error) {
      const { logger } = this.#options;
      logger.error("Cannot see whether a model is still needed: {error}", { error });
    }
  }

  #unloadOne(): void {
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
    const { model: { name: model }, isAsked, wishes } = rested;
    localState.wishes = wishes;
    localState.loadRequests.end(model);
    logger.info(isAsked ? AS_ASKED : BY_TIME, { event: "resting", model });
    void reconciler.reconsider(); // resolves also at the end of the node
  }

  /** The model that answers here was asked, and perhaps told how long to stay. */
  asked(model: ModelRef, keepAlive: KeepAlive | undefined): void {
    this.#rest.asked(model, keepAlive);
  }

  /** Its answer has ended. */
  answered(model: ModelRef): void {
    const { demand } = this.#options.localState;
    if (!this.#rest.leavesAtOnce(model) || demand.idleSinceMs(model.name) === undefined) return;
    this.check();
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
