import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { DownloadFailedError, DownloadRefusedError } from "../base/errors.ts";
import type { ProxySettings } from "../../base/proxy_choice.ts";
import type { AddressRules } from "./address_rules.ts";
import { DISK_RESERVE_BYTES, HASH_STEP_BYTES } from "./defaults.ts";
import { diskFull, gigabytes } from "./disk.ts";
import { ORIGIN, Origin } from "./origin.ts";
import { PartFile, removePart } from "./part_file.ts";
import { Transfer } from "./transfer.ts";
import type { ChunkSource } from "./types.ts";

export interface FileToDownload {
  readonly url: URL;
  /** Where it will lie. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Hexadecimal; `null` where nobody publishes one. */
  readonly sha256: string | null;
}

/** What downloads need of the world. */
export interface DownloadWorld {
  readonly rules: AddressRules;
  readonly token: { readonly host: string; readonly value: string } | null;
  /** The user's, where there are any. */
  readonly proxies?: ProxySettings;
  readonly freeBytes: (folder: string) => Promise<number>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** @default {STALL_TIMEOUT_MS} */
  readonly stallMs?: number;
  /** @default {CHUNK_BYTES} */
  readonly chunkBytes?: number;
}

export interface FileOptions extends DownloadWorld {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  /** Machines of this mesh that say that they have the file; asked before the server is. */
  readonly peers: readonly ChunkSource[];
  /** A peer brought wrong bytes. */
  readonly onLiar: (peer: string) => void;
}

/**
 * Fetches a file, goes on with what an earlier run has left, checks it and gives it its name.
 * @throws {DownloadRefusedError} before anything is fetched
 * @throws {DownloadFailedError} with what has arrived kept, or the signal's reason
 */
export async function downloadFile(file: FileToDownload, options: FileOptions): Promise<void> {
  if (await isThere(file, options)) return;
  await Deno.mkdir(dirname(file.path), { recursive: true });
  await using part = await PartFile.open({
    ...options,
    path: file.path,
    sizeBytes: file.sizeBytes,
    identity: file.sha256 ?? file.url.href,
  });
  options.onBytes(part.receivedBytes);
  const missingBytes = file.sizeBytes - part.receivedBytes;
  await checkRoom(missingBytes, file, options);
  const transfer = new Transfer(part, { ...options, checkSpace: spaceCheck(file, options) });
  const origin = new Origin({ ...options, ...file });
  // Without a digest to hold their bytes against, nobody but the server is asked.
  if (file.sha256 !== null) await transfer.fromPeers(options.peers);
  if (part.missing.length > 0) await transfer.fromOrigin(origin);
  if (!await isWhole(part, file, options)) await repair(part, transfer, origin, file, options);
  await part.finish();
}

/** The server's bytes replace those of peers; where a chunk differs, that peer has lied. */
async function repair(
  part: PartFile,
  transfer: Transfer,
  origin: Origin,
  file: FileToDownload,
  options: FileOptions,
): Promise<void> {
  const doubtful = part.chunks.filter((chunk) => part.sourceOf(chunk) !== ORIGIN);
  const before = doubtful.map((chunk) => part.sourceOf(chunk));
  const hashes: string[] = [];
  for (const chunk of doubtful) hashes.push(await hashRange(part, chunk, options.signal));
  await part.forget(doubtful.length > 0 ? doubtful : part.chunks);
  options.onBytes(-doubtful.reduce((sum, { length }) => sum + length, 0));
  if (doubtful.length === 0) throw await wrongBytes(file);
  await transfer.fromOrigin(origin);
  for (const [index, chunk] of doubtful.entries()) {
    if (await hashRange(part, chunk, options.signal) === hashes[index]) continue;
    options.onLiar(before[index] ?? "");
  }
  if (await isWhole(part, file, options)) return;
  await part.forget(part.chunks);
  throw await wrongBytes(file);
}

async function wrongBytes({ path, url }: FileToDownload): Promise<Error> {
  await removePart(path);
  return new DownloadFailedError(
    `The file that ${url.host} sent does not match its own SHA-256 and was deleted: ` +
      "try again, or from another network if something on the way changes it",
  );
}

async function isWhole(
  part: PartFile,
  { sha256, sizeBytes }: FileToDownload,
  { signal }: FileOptions,
): Promise<boolean> {
  if (sha256 === null) return true;
  return await hashRange(part, { offset: 0, length: sizeBytes }, signal) === sha256;
}

async function hashRange(
  part: Pick<PartFile, "writerAt">,
  { offset, length }: { readonly offset: number; readonly length: number },
  signal: AbortSignal,
): Promise<string> {
  using file = await part.writerAt(offset);
  return await hashBytes(file, length, signal);
}

async function hashBytes(file: Deno.FsFile, length: number, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(HASH_STEP_BYTES);
  for (let rest = length; rest > 0;) {
    signal.throwIfAborted();
    const read = await file.read(buffer.subarray(0, Math.min(rest, buffer.length)));
    if (read === null) break;
    hash.update(buffer.subarray(0, read));
    rest -= read;
  }
  return hash.digest("hex");
}

/** Whether the finished file lies there already. @throws {DownloadRefusedError} for another one of its name. */
async function isThere(file: FileToDownload, { signal, onBytes }: FileOptions): Promise<boolean> {
  const { path, sizeBytes, sha256 } = file;
  const found = await Deno.stat(path).catch(() => null);
  if (found === null) return false;
  using open = await Deno.open(path);
  const same = found.size === sizeBytes &&
    (sha256 === null || await hashBytes(open, sizeBytes, signal) === sha256);
  if (!same) {
    throw new DownloadRefusedError(
      `Another file lies at ${path}: move it away, or download into another --models-dir`,
    );
  }
  onBytes(sizeBytes);
  return true;
}

async function checkRoom(bytes: number, { path }: FileToDownload, options: FileOptions) {
  const free = await options.freeBytes(dirname(path));
  if (free >= bytes + DISK_RESERVE_BYTES) return;
  throw new DownloadRefusedError(roomMessage(path, bytes, free));
}

/** @param folder any path on the disk in question */
export function roomMessage(folder: string, needBytes: number, freeBytes: number): string {
  return `Not enough room on the disk of ${folder}: ${gigabytes(needBytes)} are missing, and ` +
    `${gigabytes(freeBytes)} are free, of which ${gigabytes(DISK_RESERVE_BYTES)} stay free`;
}

/** While a download runs others may fill the disk too. */
function spaceCheck({ path }: FileToDownload, options: FileOptions) {
  return async (bytes: number) => {
    if (await options.freeBytes(dirname(path)) < bytes) throw diskFull();
  };
}
