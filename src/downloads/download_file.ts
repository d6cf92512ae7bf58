import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { DownloadFailedError, NameTakenError } from "./errors.ts";
import type { ProxySettings } from "../base/proxy_choice.ts";
import type { AddressRules } from "./address_rules.ts";
import { HASH_STEP_BYTES } from "./defaults.ts";
import { diskFull, requireRoom } from "./disk.ts";
import { ORIGIN, Origin } from "./origin.ts";
import { PartFile, removePart } from "./part_file.ts";
import { Transfer } from "./transfer.ts";
import type { ChunkSource, DownloadAdvice } from "./types.ts";

export interface FileToDownload {
  readonly url: URL;
  /** The path at which the file will lie. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Hexadecimal; `null` where nobody publishes one. */
  readonly sha256: string | null;
}

/** The identity by which a part of the file is recognised. */
export function identityOf({ sha256, url }: Pick<FileToDownload, "sha256" | "url">): string {
  return sha256 ?? url.href;
}

/** The parts of the world that downloads need. */
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
  readonly advice: DownloadAdvice;
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
    identity: identityOf(file),
  });
  options.onBytes(part.receivedBytes);
  const missingBytes = file.sizeBytes - part.receivedBytes;
  requireRoom(file.path, missingBytes, await options.freeBytes(dirname(file.path)));
  const transfer = new Transfer(part, { ...options, checkSpace: spaceCheck(file, options) });
  const origin = new Origin({ ...options, ...file });
  // Without a digest to hold their bytes against, nobody but the server is asked.
  if (file.sha256 !== null) await transfer.fromPeers(options.peers);
  if (part.missing.length > 0) await transfer.fromOrigin(origin);
  if (await wrongDigest(part, file, options) !== null) {
    await repair(part, transfer, origin, file, options);
  }
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
  if (doubtful.length > 0) {
    await part.forget(doubtful);
    options.onBytes(-doubtful.reduce((sum, { length }) => sum + length, 0));
    await transfer.fromOrigin(origin);
  }
  for (const [index, chunk] of doubtful.entries()) {
    if (await hashRange(part, chunk, options.signal) === hashes[index]) continue;
    options.onLiar(before[index] ?? "");
  }
  const found = await wrongDigest(part, file, options);
  if (found === null) return;
  await part.forget(part.chunks);
  await removePart(file.path);
  throw new DownloadFailedError(
    `The file that ${file.url.host} sent does not match its own SHA-256 and was deleted: it is not the one that was ` +
      `published (its SHA-256 is ${found}). Try again, or from another network if something on the way changes it`,
  );
}

/** The digest of what has arrived, where it should have another one. */
async function wrongDigest(
  part: PartFile,
  { sha256, sizeBytes }: FileToDownload,
  { signal }: FileOptions,
): Promise<string | null> {
  if (sha256 === null) return null;
  const found = await hashRange(part, { offset: 0, length: sizeBytes }, signal);
  return found === sha256 ? null : found;
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

/** Whether the finished file lies there already. @throws {NameTakenError} for another one of its name. */
async function isThere(
  file: FileToDownload,
  { signal, onBytes, advice }: FileOptions,
): Promise<boolean> {
  const { path, sizeBytes, sha256 } = file;
  const found = await Deno.stat(path).catch(() => null);
  if (found === null) return false;
  using open = await Deno.open(path);
  const same = found.size === sizeBytes &&
    (sha256 === null || await hashBytes(open, sizeBytes, signal) === sha256);
  if (!same) {
    throw new NameTakenError(
      `Another file lies at ${path}: move it away, ${advice.nameTaken}`,
    );
  }
  onBytes(sizeBytes);
  return true;
}

/** While a download runs others may fill the disk too. */
function spaceCheck({ path }: FileToDownload, options: FileOptions) {
  return async (bytes: number) => {
    if (await options.freeBytes(dirname(path)) < bytes) throw diskFull();
  };
}
