import {
  createSupervisor,
  endStaleChildren,
  machineThreads,
  mainMemory,
  offeredMemory,
  prepareEngine,
} from "../engine/mod.ts";
import { downloadWorld } from "../downloads/mod.ts";
import type { Mesh } from "../mesh/mod.ts";
import { guideTrial, WeightLibrary, withinMemory } from "../models/mod.ts";
import type { TunnelCounts } from "../tunnel/mod.ts";
import { Active } from "./active.ts";
import type { ActiveOptions } from "./active_options.ts";
import type { NodeConfig } from "./config.ts";
import { checkSettings, usableHere } from "./models/check_settings.ts";
import type { KeptSettings } from "./data/kept_settings.ts";
import { installProgressLog } from "./install_progress.ts";
import { readModels, type ReadModelsOptions } from "./read_models.ts";

/** Everything of an active node that does not need the mesh, so that it is prepared beside it. */
export type LocalParts =
  & Pick<
    ActiveOptions,
    | "engine"
    | "supervisor"
    | "memory"
    | "inventory"
    | "pinned"
    | "settingsOf"
    | "saidSettingsOf"
    | "askedContexts"
    | "draftOf"
    | "wanted"
    | "weights"
    | "kept"
    | "chosen"
  >
  & { readonly keptSettings: KeptSettings };

export interface LocalOptions extends ReadModelsOptions {
  readonly executableDir: string;
  readonly path: string | undefined;
}

/**
 * Finds or installs llama.cpp, reads the models, ends what an earlier run has left.
 * @throws the sentence of whichever can't be had.
 */
export async function prepareLocal(config: NodeConfig, options: LocalOptions): Promise<LocalParts> {
  const { dataDir } = config;
  const { logger } = options;
  // The model first: a wrong name must not cost an installation of llama.cpp.
  const { settingsOf, inventory, ...models } = await readModels(config, options);
  // Before the devices are listed, whose memory such a child may still have.
  await endStaleChildren(dataDir, options);
  const engine = await prepareEngine({
    ...options,
    ...config.engine,
    path: options.path ?? "",
    dataDir,
    install: true,
    downloads: downloadWorld(null, config.models.hub.proxies),
    trial: () => guideTrial(dataDir),
    onProgress: installProgressLog(logger),
  });
  checkSettings(config.serving.perModel, engine);
  options.keptSettings.adapt((settings) => usableHere(settings, engine));
  const { devices } = engine;
  for (const { name, description, reason } of engine.leftOut) {
    logger.info("{name} ({description}) is not used: {reason}", { name, description, reason });
  }
  const memory = offeredMemory({
    devices,
    mainMemory: await mainMemory(),
    config: config.engine,
  });
  // A projector never keeps its model from being served here.
  inventory.adapt((model) => withinMemory(model, memory.memoryBytes, settingsOf(model)));
  const supervisor = createSupervisor({ engine, threads: await machineThreads(), dataDir, logger });
  const weights = await WeightLibrary.open({ dataDir, logger });
  return {
    engine,
    supervisor,
    memory,
    inventory,
    settingsOf,
    ...models,
    weights,
    kept: options.kept,
    keptSettings: options.keptSettings,
  };
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
