/** The models that can be served: as the running node sees them, or on this machine if none runs. */

import { getLogger } from "@logtape/logtape";
import type { CatalogEntry, Status } from "../../api/mod.ts";
import { findRunningNode, NodeNotRunningError } from "./running_node.ts";
import { ownFolders } from "./own_folders.ts";
import type { Runtime } from "../terminal/runtime.ts";

export interface KnownModels {
  readonly entries: readonly CatalogEntry[];
  /** `null` where no node runs: then fits are those of this machine alone. */
  readonly status: Status | null;
}

export interface Places {
  readonly dataDir: string;
  /** As `--models-dir` says; `null` leaves it to the node, or to its config.toml where none runs. */
  readonly modelsDir: string | null;
}

export async function askCatalog(places: Places, runtime: Runtime): Promise<KnownModels> {
  try {
    const node = await findRunningNode(places.dataDir);
    // The node that answers is this program; its contract is docs/management-api.md.
    const [entries, status] = await Promise.all([
      node.get("/api/catalog"),
      node.get("/api/status"),
    ]);
    return { entries: entries as CatalogEntry[], status: status as Status };
  } catch (error) {
    if (!(error instanceof NodeNotRunningError)) throw error;
  }
  const { offlineCatalog } = await import("../../node/mod.ts");
  return { entries: await offlineCatalog(offlineOptions(places, runtime)), status: null };
}

/** A file that need not lie where a node looks for models. @throws what `--model` says of such a path */
export async function askFile(
  path: string,
  { places, status }: { readonly places: Places; readonly status: Status | null },
  runtime: Runtime,
): Promise<CatalogEntry> {
  const { fileEntry } = await import("../../node/mod.ts");
  return await fileEntry(path, status, offlineOptions(places, runtime));
}

/** For this process, which does by itself what a node would do. */
export function offlineOptions({ dataDir, modelsDir }: Places, runtime: Runtime) {
  const { executableDir, path, environment, facts: { home = null } } = runtime;
  const logger = getLogger("mesh-llm");
  const own = ownFolders(dataDir, runtime);
  const folders = { dataDir, modelsDir: modelsDir ?? own.modelsDir, binDir: own.binDir };
  return { ...folders, home, environment, executableDir, path, logger };
}
