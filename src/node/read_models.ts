/** The models that a node was told of, and those on this machine's disk. */

import type { Logger } from "@logtape/logtape";
import {
  checkModelsDir,
  GUIDE_NAME,
  isModelName,
  isModelPath,
  isUrl,
  type Library,
  type ModelEnvironment,
  ModelInventory,
  ModelNotFoundError,
  openLibrary,
} from "../models/mod.ts";
import { longId, ModelIds } from "../base/model_ids.ts";
import type { NodeConfig } from "./config.ts";
import type { KeptChoices } from "./data/kept_choices.ts";
import { logBrokenModels } from "./models/broken_models_log.ts";
import { chosenModel, logStart } from "./models/chosen_model.ts";
import type { DraftChoice } from "./plan/companions.ts";
import type { ServingConfig } from "./plan/config.ts";

export interface ReadModelsOptions {
  readonly kept: KeptChoices;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly home: string | null;
  readonly environment?: ModelEnvironment;
}

/** @throws the sentence of a model or a folder that can't be had. */
export async function readModels(
  config: NodeConfig,
  { logger, signal, home, kept, environment = {} }: ReadModelsOptions,
) {
  const { dataDir, serving, models: { modelsDir } } = config;
  await checkModelsDir(modelsDir);
  const library = openLibrary({ modelsDir, dataDir, home, environment });
  const [first, ...others] = modelsOf(config);
  const pinned = first === undefined ? null : await library.resolve(first, signal);
  const names = await Promise.all(others.map((model) => nameOf(library, model)));
  // The guide is in every executable, so every node can serve it.
  const guide = await library.resolve(GUIDE_NAME, signal);
  const named = pinned === null ? names : [pinned.name, longId(pinned), ...names];
  await kept.start(serving.models, named).catch((error: Error) =>
    logger.warn("Earlier choices of models may apply again at the next start: {reason}", {
      reason: error.message,
    })
  );
  const chosen = await chosenModel(kept.choices, library, signal);
  const extra = [pinned, chosen, guide].filter((model) => model !== null);
  const inventory = await ModelInventory.open({ library, extra, logger }, signal);
  logBrokenModels(inventory, logger);
  logStart({ choices: kept.choices, chosen, named: pinned }, logger);
  const ids = new ModelIds(inventory.models);
  const wanted = pinned === null ? names : [ids.idOf(pinned), ...names];
  const drafts = await draftChoice(serving, library);
  return { pinned, wanted, inventory, drafts, chosen };
}

/** A file that is named must be one. */
async function draftChoice({ draft }: ServingConfig, library: Library): Promise<DraftChoice> {
  if (draft === null) return { kind: "auto" };
  if (draft === false) return { kind: "none" };
  return { kind: "file", draft: await library.resolve(draft) };
}

/** `console` without a model serves the guide, unless it joins: then the mesh says what is needed. */
export function modelsOf(
  { serving: { models }, openBrowser, mesh }: NodeConfig,
): readonly string[] {
  return models.length === 0 && openBrowser && mesh.join === null ? [GUIDE_NAME] : models;
}

/** A wanted model need not be on this disk: then it is known by its name only. */
async function nameOf(library: Library, model: string): Promise<string> {
  if (isModelPath(model) || isUrl(model)) return (await library.resolve(model)).name;
  if (!isModelName(model)) throw new ModelNotFoundError(model, `${model} is no name of a model`);
  return model;
}
