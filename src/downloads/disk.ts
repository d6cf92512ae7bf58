import { formatBytes } from "../base/format_bytes.ts";
import { statfs } from "node:fs/promises";
import { DISK_RESERVE_BYTES } from "./defaults.ts";
import { DownloadFailedError, DownloadRefusedError } from "./errors.ts";

/** Free bytes on the disk that a folder lies on. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Bytes that downloads into the folder may take; it need not exist yet. */
export async function roomFor(folder: string): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  return Math.max(0, (await freeBytes(folder)) - DISK_RESERVE_BYTES);
}

/** The write failed for want of space, or of quota. */
export function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" ||
    (error instanceof Error && /os error (28|122)\b/.test(error.message));
}

export function diskFull(cause?: unknown): DownloadFailedError {
  return new DownloadFailedError(
    "The disk is full. The downloaded part is kept: make room and try again to go on",
    { cause },
  );
}

/**
 * @param folder any path on the disk in question
 * @throws {DownloadRefusedError} where the disk lacks room for so many bytes more
 */
export function requireRoom(folder: string, needBytes: number, freeBytes: number): void {
  if (freeBytes >= needBytes + DISK_RESERVE_BYTES) return;
  throw new DownloadRefusedError(
    `Not enough room on the disk of ${folder}: ${formatBytes(needBytes)} are missing, and ` +
      `${formatBytes(freeBytes)} are free, of which ${formatBytes(DISK_RESERVE_BYTES)} stay free`,
  );
}
