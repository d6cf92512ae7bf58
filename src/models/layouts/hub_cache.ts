/**
 * Hugging Face's cache: `models--org--repo/snapshots/<commit>/folder/file.gguf`, where `refs/main` names the commit that
 * counts.
 */

import { basename, join } from "node:path";
import { HUB_FILE_DEPTH } from "../base/defaults.ts";
import { findFiles, type FoundModels, together } from "./found.ts";

export async function findInHubCache(folder: string): Promise<FoundModels> {
  const repositories = (await folderNames(folder)).filter((name) => name.startsWith("models--"));
  return together(
    await Promise.all(repositories.map((name) => findInRepository(join(folder, name)))),
  );
}

/** The commit of `main` first, then the latest; of a file that lies in several the first usable one counts. */
async function findInRepository(repository: string): Promise<FoundModels> {
  const snapshots = join(repository, "snapshots");
  const main = (await Deno.readTextFile(join(repository, "refs/main")).catch(() => "")).trim();
  const commits = await Promise.all((await folderNames(snapshots)).map(async (name) => {
    const path = join(snapshots, name);
    const info = await Deno.stat(path).catch(() => null);
    return { path, timeMs: info?.mtime?.getTime() ?? 0 };
  }));
  const isMain = ({ path }: { readonly path: string }) => Number(basename(path) === main);
  commits.sort((a, b) => isMain(b) - isMain(a) || b.timeMs - a.timeMs);
  const found = await Promise.all(commits.map(({ path }) => findFiles(path, HUB_FILE_DEPTH)));
  const versionsOf = repository;
  return {
    files: found.flatMap(({ files }) => files.map((file) => ({ ...file, versionsOf }))),
    // Unusable files of the commit that counts are reported in any case.
    broken: found.flatMap(({ broken }, index) =>
      index === 0 ? broken : broken.map((file) => ({ ...file, versionsOf }))
    ),
  };
}

/** None where the folder can't be read: a cache of another program is nobody's job to have. */
async function folderNames(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return entries.filter(({ isDirectory, isSymlink }) => isDirectory || isSymlink)
    .map(({ name }) => name).sort();
}
