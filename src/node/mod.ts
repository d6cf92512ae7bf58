/** The one place where parts meet: what a node should do, and the loop that makes it so. */

export type { Changes, NodeConfig } from "./config.ts";
export {
  DataDirInUseError,
  DataDirUnusableError,
  dataDirWarning,
  makeDataDir,
  type NodeFile,
} from "./data/data_dir.ts";
export { fileEntry, offlineCatalog } from "./models/offline_catalog.ts";
export { offlineDownload } from "./models/offline_download.ts";
export { startNode } from "./node.ts";
export type { ReadyNode, RunningNode, StartOptions } from "./types.ts";
