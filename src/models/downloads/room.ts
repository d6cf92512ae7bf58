import { dirname } from "node:path";
import { isForeign } from "../../base/own_files.ts";
import {
  DownloadRefusedError,
  type DownloadWorld,
  identityOf,
  leftBytes,
  requireRoom,
} from "../../downloads/mod.ts";
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
  const left = await Promise.all(files.map(async (file) => {
    const there = await Deno.stat(file.path).then(({ size }) => size, () => 0);
    if (there > 0) return 0;
    const { chunkBytes } = world;
    return file.sizeBytes - await leftBytes({ ...file, identity: identityOf(file), chunkBytes });
  }));
  const missing = left.reduce((sum, bytes) => sum + bytes, 0);
  requireRoom(folder, missing, await world.freeBytes(folder));
}

/** Another user who writes to the folder could lead a download to a place where that user may not write. */
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
