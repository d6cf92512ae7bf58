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
import { isNamed, longId, ModelIds } from "../base/model_ids.ts";
import { pinnedIn } from "../base/model_settings.ts";
import type { NodeConfig } from "./config.ts";
import type { KeptChoices } from "./data/kept_choices.ts";
import type { KeptSettings } from "./data/kept_settings.ts";
import { logBrokenModels } from "./models/broken_models_log.ts";
import { chosenModels, logStart } from "./models/chosen_model.ts";
import { AskedContexts } from "./plan/asked_contexts.ts";
import type { DraftChoice } from "./plan/companions.ts";
import type { ServingConfig } from "./plan/config.ts";
import { settingsLookup, type SettingsOf } from "./plan/model_settings.ts";
import { modelKey } from "./plan/view.ts";

export interface ReadModelsOptions {
  readonly kept: KeptChoices;
  readonly keptSettings: KeptSettings;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly home: string | null;
  readonly environment?: ModelEnvironment;
}

/** @throws the sentence of a model or a folder that can't be had. */
export async function readModels(
  config: NodeConfig,
  { logger, signal, home, kept, keptSettings, environment = {} }: ReadModelsOptions,
) {
  const { dataDir, serving, models: { modelsDir } } = config;
  await checkModelsDir(modelsDir);
  const library = openLibrary({ modelsDir, dataDir, home, environment });
  const unpinned = pinnedIn(serving.perModel).filter((name) => keptSettings.of(name).pin === false);
  for (const model of unpinned) {
    logger.info(
      "{model} is not pinned, though config.toml says so: its settings were changed here",
      {
        model,
      },
    );
  }
  const asked = modelsOf(config).filter((name) => !unpinned.includes(name));
  const named = await namedModels(asked, library, signal);
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
  const saidSettingsOf = settingsLookup(serving, () => keptSettings.byModel);
  const askedContexts = new AskedContexts();
  const settingsOf = askedContexts.over(saidSettingsOf);
  const pins = pinnedIn(keptSettings.byModel);
  const alsoPinned = inventory.models.filter((model) => pins.some((pin) => isNamed(pin, model)));
  const wanted = [...named, ...alsoPinned].map((model) =>
    typeof model === "string" ? model : ids.idOf(model)
  );
  const draftOf = await draftChoices(serving, settingsOf, { library, inventory, signal });
  return {
    pinned: onceEach([...pinned, ...alsoPinned]),
    wanted: [...new Set(wanted)],
    inventory,
    settingsOf,
    saidSettingsOf,
    askedContexts,
    draftOf,
    chosen,
  };
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

/** A file that config.toml or a flag names must be one; later ones are names of models on this disk. */
async function draftChoices(
  { draft, perModel }: ServingConfig,
  settingsOf: SettingsOf,
  { library, inventory, signal }: {
    readonly library: Library;
    readonly inventory: ModelInventory;
    readonly signal: AbortSignal;
  },
): Promise<(model: LocalModel) => DraftChoice> {
  const named = [draft, ...Object.values(perModel).map((one) => one.draft ?? null)];
  const words = named.filter((one) => typeof one === "string");
  const files = new Map(
    await Promise.all(
      words.map(async (word) => [word, await library.resolve(word, signal)] as const),
    ),
  );
  return (model) => {
    const { draft } = settingsOf(model);
    if (draft === null) return { kind: "auto" };
    if (draft === false) return { kind: "none" };
    const file = files.get(draft) ?? inventory.models.find((one) => isNamed(draft, one));
    return file === undefined ? { kind: "none" } : { kind: "file", draft: file };
  };
}

/** `console` without a model serves the guide, unless it joins: then the mesh says what is needed. */
export function modelsOf(
  { serving: { models }, openBrowser, mesh }: NodeConfig,
): readonly string[] {
  return models.length === 0 && openBrowser && mesh.join === null ? [GUIDE_NAME] : models;
}
