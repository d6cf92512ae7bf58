import type { Logger } from "@logtape/logtape";
import { ModelRefusedError } from "../../api/mod.ts";
import { type ModelRef, systemClock } from "../../mesh/mod.ts";
import type { LocalModel } from "../../models/mod.ts";
import type { KeptChoices } from "../data/kept_choices.ts";
import { modelKey, sameModel } from "../plan/view.ts";
import { continued, dropping, serving, type Wishes } from "../plan/wishes.ts";
import type { LocalState } from "./local_state.ts";
import type { Reconciler } from "./reconciler.ts";

export interface UserChoicesOptions {
  readonly localState: Pick<LocalState, "wishes">;
  readonly reconciler: Pick<Reconciler, "targets" | "retry" | "reconsider">;
  readonly onDisk: () => readonly LocalModel[];
  /** Resolves when this node is in the gossip and knows the others. */
  readonly enter: (reason: string) => Promise<void>;
  readonly kept: KeptChoices;
  readonly logger: Logger;
}

/** The user's choices of models while the node runs: done at once, and kept for the next start. */
export class UserChoices {
  readonly #options: UserChoicesOptions;

  constructor(options: UserChoicesOptions) {
    this.#options = options;
  }

  /** @throws {ModelRefusedError} */
  async serve(model: string): Promise<void> {
    const { localState, reconciler, onDisk, enter } = this.#options;
    const file = onDisk().find(({ name }) => name === model);
    if (file === undefined) {
      throw new ModelRefusedError("unknown", `There is no model ${model} on this machine's disk`);
    }
    await enter(`its user wants ${model}`);
    localState.wishes = serving(localState.wishes, refOf(file));
    reconciler.retry();
    await this.#keep((kept, nowMs) => kept.serve(file, nowMs));
    await reconciler.reconsider();
  }

  /** @throws {ModelRefusedError} */
  async drop(model: string): Promise<void> {
    const { localState, reconciler } = this.#options;
    const { pinned, resting } = localState.wishes;
    const known = [...reconciler.targets, ...pinned].map(({ name }) => name);
    if (![...known, ...resting].includes(model)) {
      throw new ModelRefusedError("conflict", `This node does not serve ${model}`);
    }
    localState.wishes = dropping(localState.wishes, model);
    await this.#keep((kept, nowMs) => kept.drop(model, nowMs));
    await reconciler.reconsider();
  }

  /** A file that was replaced is the same wish. */
  followFile(): void {
    const { localState, onDisk } = this.#options;
    const files = onDisk();
    const pinned = localState.wishes.pinned.map((model) => {
      if (files.some((file) => sameModel(file, model))) return model;
      const file = files.find(({ name }) => name === model.name);
      return file === undefined ? model : refOf(file);
    });
    const keys = pinned.map(modelKey);
    const once = pinned.filter((model, index) => keys.indexOf(modelKey(model)) === index);
    localState.wishes = { ...localState.wishes, pinned: once };
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
