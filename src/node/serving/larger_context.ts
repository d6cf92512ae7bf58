import { ModelIds } from "../../base/model_ids.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import type { ModelInventory } from "../../models/mod.ts";
import { type AskedContexts, isForRequests, roomFor, whyNoLarger } from "../plan/asked_contexts.ts";
import type { SettingsOf } from "../plan/model_settings.ts";
import { sameModel, type View } from "../plan/view.ts";
import type { Job } from "./job.ts";

export interface LargerContextOptions {
  readonly asked: AskedContexts;
  /** As the user has set them. */
  readonly saidSettingsOf: SettingsOf;
  readonly inventory: Pick<ModelInventory, "models">;
  readonly jobs: () => readonly Job[];
  readonly view: () => View;
  /** The settings of models are others now. Resolves once jobs that had the old ones take no more requests. */
  readonly changed: () => Promise<void>;
}

/** Has a model loaded anew where a request counts on a larger context than it has. */
export class LargerContext {
  readonly #options: LargerContextOptions;

  constructor(options: LargerContextOptions) {
    this.#options = options;
  }

  /**
   * Resolves at once where the model has so large a context; with a sentence for the caller where it can't have it.
   * @throws when it is loaded anew: its callers find it again.
   */
  async make(model: ModelRef, tokens: number): Promise<string | null> {
    const { asked, saidSettingsOf, inventory, jobs, view, changed } = this.#options;
    const job = jobs().find(({ instance }) => instance && sameModel(instance.model, model));
    const file = inventory.models.find((one) => sameModel(one, model));
    const instance = job?.instance;
    if (!instance || file === undefined || tokens <= instance.contextLength) return null;
    const seen = view();
    const why = whyNoLarger({
      tokens,
      model: file,
      settings: saidSettingsOf(file),
      roomBytes: roomFor(instance, seen),
      failed: asked.failureOf(model),
      loadsOnRequest: isForRequests(instance, seen),
    });
    const id = new ModelIds(inventory.models).idOf(file);
    if (why !== null) {
      return `The field 'options.num_ctx' asks for ${tokens} tokens, and a request to ${id} may ` +
        `have ${instance.contextLength}: ${why}`;
    }
    asked.ask(model, tokens);
    await changed();
    throw new Error(`${id} is loaded anew with a context of ${tokens} tokens`);
  }

  /** Of what is not served here any more, or could not be loaded so, nothing stays. */
  check(): void {
    const { asked, jobs, changed } = this.#options;
    const served = jobs().flatMap(({ instance }) => instance?.model ?? []);
    let isNews = false;
    for (const job of jobs()) isNews = this.#heed(job) || isNews;
    if (asked.keepOnly(served) || isNews) void changed();
  }

  /** True where it goes on without the context that was asked for. */
  #heed({ instance, settings, server, failure, blamesLoss }: Job): boolean {
    const { asked } = this.#options;
    const tokens = instance === null ? undefined : asked.of(instance.model);
    if (instance === null || tokens === undefined) return false;
    const isTried = settings?.contextLength === tokens;
    if (instance.state === "waiting") asked.drop(instance.model, null);
    else if (isTried && failure !== null) asked.drop(instance.model, blamesLoss ? null : failure);
    else if (isTried && server !== null) asked.worked(instance.model);
    return asked.of(instance.model) === undefined;
  }
}
