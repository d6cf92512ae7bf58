import type { CatalogEntry } from "../api/mod.ts";
import type { Logger } from "@logtape/logtape";
import {
  EngineNotFoundError,
  mainMemoryBytes,
  offeredMemory,
  prepareEngine,
} from "../engine/mod.ts";
import {
  CATALOG,
  checkModelsDir,
  GUIDE_NAME,
  type ModelPlaces,
  ModelShelf,
  openLibrary,
} from "../models/mod.ts";
import { catalogEntries } from "./catalog_entries.ts";
import { makeDataDir } from "./data_dir.ts";
import { SPLIT_RTT_LIMIT_MS } from "./defaults.ts";

export interface OfflineOptions extends ModelPlaces {
  readonly binDir: string | null;
  readonly executableDir: string;
  readonly path: string | undefined;
  readonly logger: Logger;
}

/** What this machine has and could run by itself, where no node runs: `GET /api/catalog` without a mesh. */
export async function offlineCatalog(options: OfflineOptions): Promise<CatalogEntry[]> {
  await checkModelsDir(options.modelsDir);
  await makeDataDir(options.dataDir);
  const library = openLibrary(options);
  const guide = await library.resolve(GUIDE_NAME);
  const shelf = await ModelShelf.open({ library, pinned: [guide] });
  const memoryBytes = await memoryOf(options);
  return catalogEntries({
    onDisk: shelf.models,
    broken: shelf.broken,
    elsewhere: [],
    instances: [],
    catalog: CATALOG,
    downloads: [],
    mesh: {
      self: { id: "self", memoryBytes, rttMs: 0 },
      others: [],
      rttLimitMs: SPLIT_RTT_LIMIT_MS,
    },
    contextLength: null,
  });
}

/** Of the GPUs where llama.cpp is there to ask, else of the machine: a listing installs nothing. */
export async function memoryOf(options: OfflineOptions): Promise<number> {
  const { path = "" } = options;
  const engine = prepareEngine({ ...options, path, install: false, onProgress: () => {} });
  const devices = await engine.then(({ devices }) => devices, (error) => {
    if (error instanceof EngineNotFoundError) return [];
    throw error;
  });
  const totalMemoryBytes = await mainMemoryBytes();
  return offeredMemory({ devices, totalMemoryBytes, maxVramBytes: null }).memoryBytes;
}
