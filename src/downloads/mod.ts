/** Files from the network: resumed after every break, checked, and given their names once they are whole. */

export { type AddressRules, PUBLIC_ONLY } from "./address_rules.ts";
export { freeBytes, requireRoom, roomFor } from "./disk.ts";
export {
  downloadFile,
  type DownloadWorld,
  type FileToDownload,
  identityOf,
} from "./download_file.ts";
export { DownloadFailedError, DownloadRefusedError, NameTakenError } from "./errors.ts";
export { httpGet } from "./http_get.ts";
export { checkStatus } from "./origin.ts";
export { leftBytes, removePart } from "./part_file.ts";
export { type ChunkSource, type DownloadAdvice, FatalSourceError } from "./types.ts";
export { downloadWorld } from "./world.ts";
