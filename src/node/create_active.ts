import type { Logger } from "@logtape/logtape";
import {
  createSupervisor,
  endStaleChildren,
  machineThreads,
  mainMemoryBytes,
  offeredMemory,
  prepareEngine,
} from "../engine/mod.ts";
import { downloadWorld } from "../downloads/mod.ts";
import type { Mesh } from "../mesh/mod.ts";
import {
  checkModelsDir,
  GUIDE_NAME,
  guideTrial,
  isModelName,
  isModelPath,
  isUrl,
  type Library,
  type ModelEnvironment,
  ModelInventory,
  ModelNotFoundError,
  openLibrary,
  WeightLibrary,
  withinMemory,
} from "../models/mod.ts";
import type { TunnelCounts } from "../tunnel/mod.ts";
import { Active } from "./active.ts";
import type { ActiveOptions } from "./active_options.ts";
import { logBrokenModels } from "./models/broken_models_log.ts";
import type { NodeConfig } from "./config.ts";
import { chosenModel, logStart } from "./models/chosen_model.ts";
import type { KeptWords } from "./data/kept_words.ts";
import type { DraftChoice } from "./plan/companions.ts";
import type { ServingConfig } from "./plan/config.ts";
import { installProgressLog } from "./install_progress.ts";

/** Everything of an active node that does not need the mesh, so that it is prepared beside it. */
export type LocalParts = Pick<
  ActiveOptions,
  | "engine"
  | "supervisor"
  | "memory"
  | "inventory"
  | "pinned"
  | "drafts"
  | "wanted"
  | "weights"
  | "kept"
  | "chosen"
>;

export interface LocalOptions {
  readonly kept: KeptWords;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly executableDir: string;
  readonly path: string | undefined;
  readonly home: string | null;
  readonly environment?: ModelEnvironment;
}

/**
 * Finds or installs llama.cpp, reads the models, ends what an earlier run has left.
 * @throws the sentence of whichever can't be had.
 */
export async function prepareLocal(config: NodeConfig, options: LocalOptions): Promise<LocalParts> {
  const { dataDir, serving } = config;
  const { logger } = options;
  // The model first: a wrong name must not cost an installation of llama.cpp.
  const { pinned, wanted, inventory, drafts, chosen } = await readModels(config, options);
  const [engine] = await Promise.all([
    prepareEngine({
      ...options,
      ...config.engine,
      path: options.path ?? "",
      dataDir,
      install: true,
      downloads: downloadWorld(null, config.models.hub.proxies),
      trial: () => guideTrial(dataDir),
      onProgress: installProgressLog(logger),
    }),
    endStaleChildren(dataDir, options),
  ]);
  const { devices } = engine;
  const memory = offeredMemory({
    devices,
    totalMemoryBytes: await mainMemoryBytes(),
    config: config.engine,
  });
  // A projector never keeps its model from being served here.
  inventory.adapt((model) => withinMemory(model, memory.memoryBytes, serving.contextLength));
  const supervisor = createSupervisor({ engine, threads: await machineThreads(), dataDir, logger });
  const weights = await WeightLibrary.open({ dataDir, logger });
  return {
    engine,
    supervisor,
    memory,
    inventory,
    pinned,
    wanted,
    drafts,
    weights,
    kept: options.kept,
    chosen,
  };
}

async function readModels(
  config: NodeConfig,
  { logger, signal, home, kept, environment = {} }: LocalOptions,
) {
  const { dataDir, serving, models: { modelsDir } } = config;
  await checkModelsDir(modelsDir);
  const library = openLibrary({ modelsDir, dataDir, home, environment });
  const [first, ...others] = modelsOf(config);
  const pinned = first === undefined ? null : await library.resolve(first, signal);
  const names = await Promise.all(others.map((model) => nameOf(library, model)));
  // The guide is in every executable, so every node can serve it.
  const guide = await library.resolve(GUIDE_NAME, signal);
  const wanted = pinned === null ? names : [pinned.name, ...names];
  await kept.start(serving.models, wanted).catch((error: Error) =>
    logger.warn("Earlier choices of models may apply again at the next start: {reason}", {
      reason: error.message,
    })
  );
  const chosen = await chosenModel(kept.words, library, signal);
  const extra = [pinned, chosen, guide].filter((model) => model !== null);
  const inventory = await ModelInventory.open({ library, extra }, signal);
  logBrokenModels(inventory, logger);
  logStart({ words: kept.words, chosen, named: pinned }, logger);
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

export interface CreateActiveOptions extends
  Pick<
    ActiveOptions,
    "mesh" | "counts" | "joining" | "logger" | "changed" | "machine" | "manager" | "standby"
  > {
  readonly mesh: Mesh;
  readonly counts: TunnelCounts;
}

export function createActive(
  config: NodeConfig,
  local: LocalParts,
  options: CreateActiveOptions,
): Active {
  return new Active({ ...options, ...local, serving: config.serving });
}
