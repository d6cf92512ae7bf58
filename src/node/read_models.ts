/** The models that a node was told of, and those on this machine's disk. */

import type { Logger } from "@logtape/logtape";
import {
  checkModelsDir,
  GUIDE_NAME,
  isModelName,
  isModelPath,
  isUrl,
  type Library,
  type LocalModel,
  type ModelEnvironment,
  ModelInventory,
  ModelNotFoundError,
  openLibrary,
} from "../models/mod.ts";
import { longId, ModelIds } from "../base/model_ids.ts";
import type { NodeConfig } from "./config.ts";
import type { KeptChoices } from "./data/kept_choices.ts";
import { logBrokenModels } from "./models/broken_models_log.ts";
import { chosenModels, logStart } from "./models/chosen_model.ts";
import type { DraftChoice } from "./plan/companions.ts";
import type { ServingConfig } from "./plan/config.ts";
import { settingsLookup, type SettingsOf } from "./plan/model_settings.ts";
import { modelKey } from "./plan/view.ts";

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
  const named = await namedModels(modelsOf(config), library, signal);
  const pinned = onceEach(named.filter((model) => typeof model !== "string"));
  // The guide is in every executable, so every node can serve it.
  const guide = await library.resolve(GUIDE_NAME, signal);
  const names = [
    ...named.map((model) => typeof model === "string" ? model : model.name),
    ...pinned.map((model) => longId(model)),
  ];
  await kept.start(serving.models, names).catch((error: Error) =>
    logger.warn("Earlier choices of models may apply again at the next start: {reason}", {
      reason: error.message,
    })
  );
  const chosen = await chosenModels(kept.choices, library, signal);
  const extra = [...pinned, ...chosen, guide];
  const inventory = await ModelInventory.open({ library, extra, logger }, signal);
  logBrokenModels(inventory, logger);
  logStart({ choices: kept.choices, chosen, named: pinned }, logger);
  const ids = new ModelIds(inventory.models);
  const wanted = named.map((model) => typeof model === "string" ? model : ids.idOf(model));
  const settingsOf = settingsLookup(serving);
  const draftOf = await draftChoices(serving, settingsOf, library);
  return { pinned, wanted: [...new Set(wanted)], inventory, settingsOf, draftOf, chosen };
}

/** Of those after the first, a name whose file is not on this disk, or of no use, is wanted of the mesh. */
function namedModels(
  models: readonly string[],
  library: Library,
  signal: AbortSignal,
): Promise<(LocalModel | string)[]> {
  return Promise.all(models.map(async (model, index) => {
    if (index === 0 || isModelPath(model) || isUrl(model)) {
      return await library.resolve(model, signal);
    }
    if (!isModelName(model)) throw new ModelNotFoundError(model, `${model} is no name of a model`);
    return await library.resolve(model, signal).catch(() => (signal.throwIfAborted(), model));
  }));
}

function onceEach(models: readonly LocalModel[]): LocalModel[] {
  return [...new Map(models.map((model) => [modelKey(model), model])).values()];
}

/** A file that is named must be one. */
async function draftChoices(
  { draft, perModel }: ServingConfig,
  settingsOf: SettingsOf,
  library: Library,
): Promise<(model: LocalModel) => DraftChoice> {
  const named = [draft, ...Object.values(perModel).map((one) => one.draft ?? null)];
  const words = named.filter((one) => typeof one === "string");
  const files = new Map(
    await Promise.all(words.map(async (word) => [word, await library.resolve(word)] as const)),
  );
  return (model) => {
    const { draft } = settingsOf(model);
    if (draft === null) return { kind: "auto" };
    const file = draft === false ? undefined : files.get(draft);
    return file === undefined ? { kind: "none" } : { kind: "file", draft: file };
  };
}

/** `console` without a model serves the guide, unless it joins: then the mesh says what is needed. */
export function modelsOf(
  { serving: { models }, openBrowser, mesh }: NodeConfig,
): readonly string[] {
  return models.length === 0 && openBrowser && mesh.join === null ? [GUIDE_NAME] : models;
}
