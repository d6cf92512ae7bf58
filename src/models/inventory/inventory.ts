import type { Logger } from "@logtape/logtape";
import { Emitter } from "../../base/emitter.ts";
import type { BrokenModel } from "../layouts/found.ts";
import type { Library } from "./library.ts";
import type { LibraryListing } from "./listing.ts";
import { watchFolders } from "./folder_watch.ts";
import { placeOf } from "../companions/pairing.ts";
import type { LocalModel } from "../base/types.ts";

export interface InventoryOptions {
  readonly library: Library;
  /** Always there, wherever they lie: the model that the command line names, and the guide. */
  readonly extra: readonly LocalModel[];
  readonly logger: Logger;
}

/** The models on this machine's disk as they are now, and the only owner of that list. */
export class ModelInventory {
  readonly #options: InventoryOptions;
  readonly #changes: Emitter<void>;
  #extra: readonly LocalModel[];
  #listing: LibraryListing;
  #adapt: (model: LocalModel) => LocalModel = (model) => model;
  /** As `models` shows it; made anew when something has changed. */
  #models: readonly LocalModel[] | undefined;

  static async open(options: InventoryOptions, signal?: AbortSignal): Promise<ModelInventory> {
    return new ModelInventory(options, await options.library.list(signal));
  }

  private constructor(options: InventoryOptions, listing: LibraryListing) {
    this.#options = options;
    this.#extra = options.extra;
    this.#listing = listing;
    // It must not end the watch over the folders.
    this.#changes = new Emitter((error) =>
      options.logger.error("A listener to the list of models failed: {error}", { error })
    );
  }

  /** Each once; the extra ones first. The same list until it is another one. */
  get models(): readonly LocalModel[] {
    return this.#models ??= this.#each().map(this.#adapt);
  }

  #each(): LocalModel[] {
    const listed = new Map(this.#listing.models.map((model) => [placeOf(model), model]));
    // As the folders have it now, where it lies in one of them: with what has come beside it.
    const extra = this.#extra.map((model) => {
      const now = listed.get(placeOf(model));
      return now !== undefined && keyOf(now) === keyOf(model) ? now : model;
    });
    const all = [...extra, ...this.#listing.models].toReversed();
    return [...new Map(all.map((model) => [keyOf(model), model])).values()].reverse();
  }

  get broken(): readonly BrokenModel[] {
    return this.#listing.broken;
  }

  /** From now on every model is shown as this makes it: once it is known what this machine can do with them. */
  adapt(change: (model: LocalModel) => LocalModel): void {
    this.#adapt = change;
    this.#models = undefined;
  }

  /** The change that `adapt` was given would make another list now. */
  adaptAnew(): void {
    this.#models = undefined;
  }

  /** Calls back whenever the list has become another one. */
  subscribe(listener: () => void): () => void {
    return this.#changes.subscribe(listener);
  }

  /** Notices what comes and goes, until the signal aborts. */
  watch(signal: AbortSignal): Promise<void> {
    const { folders } = this.#options.library;
    return watchFolders({ folders, look: (signal) => this.refresh(signal) }, signal);
  }

  /** A model whose file was removed is not there any more, whoever had named it. */
  async forget({ path }: Pick<LocalModel, "path">, signal?: AbortSignal): Promise<void> {
    this.#extra = this.#extra.filter((model) => model.path !== path);
    this.#models = undefined;
    await this.refresh(signal);
  }

  /** Looks again. */
  async refresh(signal?: AbortSignal): Promise<void> {
    const before = describe(this.#listing);
    this.#listing = await this.#options.library.list(signal);
    this.#models = undefined;
    if (describe(this.#listing) !== before) this.#changes.emit();
  }

  /** The file of a model has changed: it is read again, wherever it lies. @throws why it can't be used now. */
  async reread(path: string, signal?: AbortSignal): Promise<void> {
    const { library } = this.#options;
    const model = await library.resolve(path, signal);
    this.#extra = this.#extra.map((old) => old.path === model.path ? model : old);
    this.#listing = await library.list(signal);
    this.#models = undefined;
    this.#changes.emit();
  }
}

/** A model that lies in two places is one. */
function keyOf({ name, fingerprint }: LocalModel): string {
  return `${fingerprint} ${name}`;
}

function describe({ models, broken }: LibraryListing): string {
  return [
    ...models.map(({ name, fingerprint, path }) => `${path} ${name} ${fingerprint}`),
    ...broken.map(({ path, reason }) => `${path} ${reason}`),
  ].sort().join("\n");
}
