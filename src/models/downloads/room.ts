import { DownloadRefusedError } from "../errors.ts";
import { DISK_RESERVE_BYTES } from "./defaults.ts";
import { type DownloadWorld, type FileToDownload, roomMessage } from "./download_file.ts";
import { leftBytes } from "./part_file.ts";
import type { DownloadPlan } from "./resolve.ts";

/** @throws {DownloadRefusedError} where the folder can't be had, or its disk lacks room for what is missing. */
export async function checkRoom(
  { files }: DownloadPlan,
  { folder, world }: { readonly folder: string; readonly world: DownloadWorld },
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true }).catch((cause: Error) => {
    throw new DownloadRefusedError(
      `Cannot put models into ${folder}: ${cause.message}. Name another folder with --models-dir`,
      { cause },
    );
  });
  const left = await Promise.all(files.map(async ({ path, ...file }) => {
    const there = await Deno.stat(path).then(({ size }) => size, () => 0);
    if (there > 0) return 0;
    const part = { path, ...partOf(file), ...optional(world.chunkBytes) };
    return file.sizeBytes - await leftBytes(part);
  }));
  const missing = left.reduce((sum, bytes) => sum + bytes, 0);
  const free = await world.freeBytes(folder);
  if (free < missing + DISK_RESERVE_BYTES) {
    throw new DownloadRefusedError(roomMessage(folder, missing, free));
  }
}

/** What a part of the file is known by. */
export function partOf({ sizeBytes, sha256, url }: Omit<FileToDownload, "path">) {
  return { sizeBytes, identity: sha256 ?? url.href };
}

export function optional(chunkBytes: number | undefined): { readonly chunkBytes?: number } {
  return chunkBytes === undefined ? {} : { chunkBytes };
}
