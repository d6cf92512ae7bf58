import type { Logger } from "@logtape/logtape";
import { ModelRefusedError } from "../../api/mod.ts";
import { isNamed, ModelIds } from "../../base/model_ids.ts";
import { type ModelRef, systemClock } from "../../mesh/mod.ts";
import type { LocalModel } from "../../models/mod.ts";
import type { KeptChoices } from "../data/kept_choices.ts";
import { modelKey, sameModel } from "../plan/view.ts";
import { continued, dropping, serving, unpinning, type Wishes } from "../plan/wishes.ts";
import type { LocalState } from "./local_state.ts";
import type { Reconciler } from "./reconciler.ts";

export interface UserChoicesOptions {
  readonly localState: Pick<LocalState, "wishes">;
  readonly reconciler: Pick<Reconciler, "targets" | "retry" | "reconsider" | "release">;
  readonly onDisk: () => readonly LocalModel[];
  /** Resolves when this node is in the gossip and knows the others. */
  readonly enter: (reason: string) => Promise<void>;
  readonly kept: KeptChoices;
  readonly logger: Logger;
}

/** The user's choices of models while the node runs: done at once, and kept for the next start. */
export class UserChoices {
  readonly #options: UserChoicesOptions;
  /** The files of the models that are pinned, by model. */
  #paths: ReadonlyMap<string, string> = new Map();

  constructor(options: UserChoicesOptions) {
    this.#options = options;
    this.followFile();
  }

  /** @param asked its name or id @throws {ModelRefusedError} */
  async serve(asked: string): Promise<void> {
    const { localState, reconciler, onDisk, enter } = this.#options;
    const file = onlyOne(asked, onDisk());
    if (file === undefined) {
      throw new ModelRefusedError("unknown", `There is no model ${asked} on this machine's disk`);
    }
    const id = new ModelIds(onDisk()).idOf(file);
    await enter(`its user wants ${id}`);
    localState.wishes = serving(localState.wishes, refOf(file), id);
    this.followFile();
    reconciler.retry();
    await this.#keep((kept, nowMs) => kept.serve(file, nowMs));
    await reconciler.reconsider();
  }

  /** @param asked its name or id @throws {ModelRefusedError} */
  async drop(asked: string): Promise<void> {
    const { localState, reconciler, onDisk } = this.#options;
    const { pinned, resting } = localState.wishes;
    const served = [...reconciler.targets, ...pinned];
    const model = onlyOne<ModelRef>(asked, onDisk()) ?? onlyOne(asked, served);
    const isServed = model !== undefined &&
      (served.some((one) => sameModel(one, model)) || resting.some((one) => isNamed(one, model)));
    if (!isServed) {
      throw new ModelRefusedError("conflict", `This node does not serve ${asked}`);
    }
    const id = new ModelIds([...onDisk(), ...served]).idOf(model);
    localState.wishes = dropping(localState.wishes, id);
    await this.#keep((kept, nowMs) => kept.drop(id, nowMs));
    await reconciler.reconsider();
  }

  /** Its user does not ask for it any more; the mesh may. @param id of a model on this disk */
  async unpin(id: string): Promise<void> {
    const { localState, reconciler } = this.#options;
    const released = localState.wishes.pinned.filter((model) => isNamed(id, model));
    localState.wishes = unpinning(localState.wishes, id);
    for (const model of released) reconciler.release(model);
    await this.#keep((kept) => kept.forget(id));
  }

  /** A file that was replaced is the same wish. */
  followFile(): void {
    const { localState, onDisk } = this.#options;
    const files = onDisk();
    const followed = localState.wishes.pinned.map((model) => {
      const path = this.#paths.get(modelKey(model));
      const file = fileOf(model, path, files);
      return file === undefined ? { model, path } : { model: refOf(file), path: file.path };
    });
    const once = new Map(followed.map((one) => [modelKey(one.model), one] as const));
    this.#paths = new Map(
      [...once].flatMap(([key, { path }]) => path === undefined ? [] : [[key, path] as const]),
    );
    const pinned = [...once.values()].map(({ model }) => model);
    localState.wishes = { ...localState.wishes, pinned };
  }

  /** The choice is made in any case, though a full disk may forget it. */
  async #keep(write: (kept: KeptChoices, nowMs: number) => Promise<void>): Promise<void> {
    const { kept, logger } = this.#options;
    await write(kept, systemClock.now()).catch((error: Error) =>
      logger.warn("The choice of this model holds only until the node ends: {reason}", {
        reason: error.message,
      })
    );
  }
}

/** The file of a model; where there is none any more, the one that has taken its place, or else its name. */
function fileOf(
  model: ModelRef,
  path: string | undefined,
  files: readonly LocalModel[],
): LocalModel | undefined {
  const named = files.filter(({ name }) => name === model.name);
  return named.find((one) => sameModel(one, model)) ?? named.find((one) => one.path === path) ??
    named[0];
}

/**
 * The only one of these models that a name or an id may mean.
 * @throws {ModelRefusedError} where several have the name
 */
function onlyOne<M extends ModelRef>(asked: string, models: readonly M[]): M | undefined {
  const ids = new ModelIds(models);
  const byId = ids.ofId(asked);
  const [meant, ...others] = byId.length > 0 ? byId : ids.ofName(asked);
  if (others.length === 0) return meant && models.find((model) => sameModel(model, meant));
  const several = [meant, ...others].flatMap((model) => model ? [ids.idOf(model)] : []);
  throw new ModelRefusedError(
    "unknown",
    `${asked} may be one of several models on this machine's disk: name one of them, ` +
      several.join(", "),
  );
}

export interface ChoicesAtStart {
  /** The models that the command line names, as far as they are on this disk. */
  readonly pinned: readonly LocalModel[];
  readonly wanted: readonly string[];
  /** The user's choices in earlier runs, and the models of them that are on this disk, the latest first. */
  readonly kept: KeptChoices;
  readonly chosen: readonly LocalModel[];
}

/** The wishes of the command line, with the choices of earlier runs that still count. */
export function wishesAtStart({ pinned, wanted, kept, chosen }: ChoicesAtStart): Wishes {
  const settings = {
    pinned: pinned.map(refOf),
    wanted,
    dropped: [],
    resting: [],
  };
  const dropped = Object.keys(kept.choices.dropped);
  return continued(settings, { dropped, chosen: chosen.map(refOf) });
}

function refOf({ name, fingerprint }: LocalModel): ModelRef {
  return { name, fingerprint };
}
