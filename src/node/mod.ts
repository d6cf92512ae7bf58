/** The one place where parts meet: what a node should do, and the loop that makes it so. */

import type { startNode as StartNode } from "./node.ts";
import type * as Relay from "./relay.ts";

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
export { offlineRemove } from "./models/offline_remove.ts";
export type { RelayConfig, RelayStatus } from "./relay.ts";
export type {
  ClientInvite,
  EarlierRequest,
  ReadyNode,
  RunningNode,
  StartOptions,
} from "./running_node.ts";

/** Loads what only a running node needs, libp2p and the QUIC addon above all. */
export const startNode: typeof StartNode = async (config, options) =>
  await (await import("./node.ts")).startNode(config, options);

export const startRelay: typeof Relay.startRelay = async (config, options) =>
  await (await import("./relay.ts")).startRelay(config, options);

export const makeClaim: typeof Relay.makeClaim = async (dataDir, options) =>
  await (await import("./relay.ts")).makeClaim(dataDir, options);

export const relayStatus: typeof Relay.relayStatus = async (dataDir) =>
  await (await import("./relay.ts")).relayStatus(dataDir);
