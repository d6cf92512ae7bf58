import type { CatalogEntry, Status } from "../../api/mod.ts";
import type { Logger } from "@logtape/logtape";
import { downloadWorld } from "../../downloads/mod.ts";
import { ENGINE_DEFAULTS } from "../../engine/config.ts";
import {
  EngineNotFoundError,
  mainMemory,
  type OfferedMemory,
  offeredMemory,
  prepareEngine,
} from "../../engine/mod.ts";
import {
  AUTO_SHAPE,
  CATALOG,
  checkModelsDir,
  GUIDE_NAME,
  ModelInventory,
  type ModelPlaces,
  openLibrary,
} from "../../models/mod.ts";
import { catalogEntries, type CatalogInput } from "./catalog_entries.ts";
import { makeDataDir } from "../data/data_dir.ts";
import { lonelyView, statusView } from "./fit_views.ts";

export interface OfflineOptions extends ModelPlaces {
  readonly binDir: string | null;
  readonly executableDir: string;
  readonly path: string | undefined;
  readonly logger: Logger;
}

/** The models that this machine has and could run by itself, if no node runs: `GET /api/catalog` without a mesh. */
export async function offlineCatalog(options: OfflineOptions): Promise<CatalogEntry[]> {
  const inventory = await offlineInventory(options);
  const mesh = lonelyView(await memoryOf(options), inventory.models);
  return entriesOf({ onDisk: inventory.models, broken: inventory.broken, catalog: CATALOG, mesh });
}

/** The models on this machine's disk, the guide among them. */
export async function offlineInventory(options: OfflineOptions): Promise<ModelInventory> {
  await checkModelsDir(options.modelsDir);
  await makeDataDir(options.dataDir);
  const library = openLibrary(options);
  const guide = await library.resolve(GUIDE_NAME);
  return await ModelInventory.open({ library, extra: [guide], logger: options.logger });
}

/**
 * A file, as `GET /api/catalog` would have it if it lay in one of the folders.
 * @param status of the running node, which knows the mesh; `null` counts this machine alone
 * @throws what `--model` says of such a path
 */
export async function fileEntry(
  path: string,
  status: Status | null,
  options: OfflineOptions,
): Promise<CatalogEntry> {
  const model = await openLibrary(options).resolve(path);
  const mesh = status === null
    ? lonelyView(await memoryOf(options), [model])
    : statusView(status, [model]);
  const [entry] = entriesOf({ onDisk: [model], broken: [], catalog: [], mesh });
  if (entry === undefined) throw new TypeError(`${path} is not a model`);
  return entry;
}

function entriesOf(
  known: Pick<CatalogInput, "onDisk" | "broken" | "catalog" | "mesh">,
): CatalogEntry[] {
  return catalogEntries({
    ...known,
    elsewhere: [],
    namesakes: [],
    instances: [],
    turns: [],
    downloads: [],
    shapeOf: () => AUTO_SHAPE,
  });
}

/** Of the GPUs where llama.cpp is there to ask, else of the machine: a listing installs nothing. */
export async function memoryOf(options: OfflineOptions): Promise<OfferedMemory> {
  const { path = "" } = options;
  const engine = prepareEngine({
    ...options,
    path,
    install: false,
    downloads: downloadWorld(null),
    onProgress: () => {},
  });
  const devices = await engine.then(({ devices }) => devices, (error) => {
    if (error instanceof EngineNotFoundError) return [];
    throw error;
  });
  return offeredMemory({ devices, mainMemory: await mainMemory(), config: ENGINE_DEFAULTS });
}
