import type { Logger } from "@logtape/logtape";
import type { KeepAlive } from "../../base/keep_alive.ts";
import { isNamed, ModelIds } from "../../base/model_ids.ts";
import { type Announcement, type Mesh, type ModelRef, systemClock } from "../../mesh/mod.ts";
import type { ModelInventory } from "../../models/mod.ts";
import type { ServingConfig } from "../plan/config.ts";
import { meantBy } from "../plan/on_request.ts";
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
  readonly serving: Pick<ServingConfig, "loadOnRequest">;
  readonly logger: Logger;
}

const BY_TIME = "Nobody asked for {model} for a while: it is unloaded until the next request";
const FOR_GOOD = "Nobody asked for {model} for a while: it is unloaded, and serve or the console " +
  "loads it again, for requests load nothing here";
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
    const byTime = this.#options.serving.loadOnRequest ? BY_TIME : FOR_GOOD;
    logger.info(isAsked ? AS_ASKED : byTime, { event: "resting", model });
    void reconciler.reconsider(); // resolves also at the end of the node
  }

  /** The model that answers here was asked, and perhaps told how long to stay. None unloads it where none loads it again. */
  asked(model: ModelRef, keepAlive: KeepAlive | undefined): void {
    if (!this.#options.serving.loadOnRequest) return;
    this.#rest.asked(model, keepAlive);
  }

  /** Its answer has ended. */
  answered(model: ModelRef): void {
    const { demand } = this.#options.localState;
    if (!this.#rest.leavesAtOnce(model) || demand.idleSinceMs(model.name) === undefined) return;
    this.check();
  }

  /** A request asks for the model, by its name or id. */
  asksForLoad(asked: string): void {
    if (this.#options.serving.loadOnRequest) this.#reload(asked);
  }

  /** Others want these models of the mesh, for requests or not. */
  heed(members: readonly Pick<Announcement, "wanted" | "asked">[]): void {
    const { loadOnRequest } = this.#options.serving;
    const wanted = members.flatMap((one) => loadOnRequest ? one.wanted : meantBy(one));
    for (const name of wanted) this.#reload(name);
  }

  #reload(name: string): void {
    const { localState, reconciler } = this.#options;
    const wishes = this.#rest.wake(name, localState.wishes);
    if (wishes === undefined) return;
    localState.wishes = wishes;
    reconciler.wake();
  }
}
