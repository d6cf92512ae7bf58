import { dirname } from "node:path";
import { isForeign } from "../../base/own_files.ts";
import { DownloadRefusedError } from "../base/errors.ts";
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
  for (const { path } of files) await refuseForeignLinks(folder, path);
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

/** Who else writes to the folder could lead what is downloaded to where they may not write themselves. */
async function refuseForeignLinks(folder: string, path: string): Promise<void> {
  for (let below = dirname(path); below.length > folder.length; below = dirname(below)) {
    const info = await Deno.lstat(below).catch(() => null);
    if (info?.isSymlink && isForeign(info)) {
      throw new DownloadRefusedError(
        `Cannot download into ${below}: it is a link that another user of this machine has made`,
      );
    }
  }
}

/** What a part of the file is known by. */
export function partOf({ sizeBytes, sha256, url }: Omit<FileToDownload, "path">) {
  return { sizeBytes, identity: sha256 ?? url.href };
}

export function optional(chunkBytes: number | undefined): { readonly chunkBytes?: number } {
  return chunkBytes === undefined ? {} : { chunkBytes };
}
