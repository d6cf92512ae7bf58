import type { CatalogEntry, PeerStatus, Status } from "../../api/mod.ts";
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
  CATALOG,
  checkModelsDir,
  type FitMesh,
  GUIDE_NAME,
  ModelInventory,
  type ModelPlaces,
  openLibrary,
} from "../../models/mod.ts";
import { catalogEntries, type CatalogInput } from "./catalog_entries.ts";
import { makeDataDir } from "../data/data_dir.ts";
import { SPLIT_RTT_LIMIT_MS } from "../plan/defaults.ts";
import { poolsOf } from "../plan/pools.ts";

export interface OfflineOptions extends ModelPlaces {
  readonly binDir: string | null;
  readonly executableDir: string;
  readonly path: string | undefined;
  readonly logger: Logger;
}

/** The models that this machine has and could run by itself, if no node runs: `GET /api/catalog` without a mesh. */
export async function offlineCatalog(options: OfflineOptions): Promise<CatalogEntry[]> {
  await checkModelsDir(options.modelsDir);
  await makeDataDir(options.dataDir);
  const library = openLibrary(options);
  const guide = await library.resolve(GUIDE_NAME);
  const inventory = await ModelInventory.open({ library, extra: [guide], logger: options.logger });
  const mesh = await thisMachine(options);
  return entriesOf({ onDisk: inventory.models, broken: inventory.broken, catalog: CATALOG, mesh });
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
  const mesh = status === null ? await thisMachine(options) : meshOf(status);
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
    instances: [],
    downloads: [],
    contextLength: null,
  });
}

async function thisMachine(options: OfflineOptions): Promise<FitMesh> {
  const self = { id: "self", ...poolsOf(await memoryOf(options)), rttMs: 0 };
  return { self, others: [], rttLimitMs: SPLIT_RTT_LIMIT_MS };
}

/** Of a client nothing is counted but the others. */
function meshOf({ node, peers }: Status): FitMesh {
  const pools = ({ vramBytes: memoryBytes, devices }: PeerStatus | Status["node"]) =>
    poolsOf({ memoryBytes, devices });
  const self = { id: node.id, ...pools(node), rttMs: 0 };
  return {
    self: node.role === "client" ? null : self,
    others: peers.map((peer) => ({
      id: peer.id,
      ...pools(peer),
      rttMs: peer.rttMs ?? undefined,
    })),
    rttLimitMs: SPLIT_RTT_LIMIT_MS,
  };
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
