/** The one place where parts meet: what a node should do, and the loop that makes it so. */

export type { NodeConfig } from "./config.ts";
export type { HubConfig } from "./model_desk.ts";
export {
  DataDirInUseError,
  DataDirUnusableError,
  dataDirWarning,
  makeDataDir,
  type NodeFile,
} from "./data_dir.ts";
export { fileEntry, offlineCatalog } from "./offline_catalog.ts";
export { offlineDownload } from "./offline_download.ts";
export { CLOCK_TOLERANCE_MS, LOW_DISK_BYTES } from "./defaults.ts";
export { startNode } from "./node.ts";
export type { ReadyNode, RunningNode, StartOptions } from "./types.ts";
