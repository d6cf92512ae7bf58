/** The folders of engines that we install: one each, and a link to the one in use. */

import { unlessMissing } from "../../base/unless_missing.ts";
import { join } from "node:path";

export function engineDir(dataDir: string): string {
  return join(dataDir, "engine");
}

/** The installed engine in use. */
export function currentEngineDir(dataDir: string): string {
  return join(engineDir(dataDir), "current");
}

/** A new folder beside the engines, so that a finished one can be renamed into its place. */
export async function stagingDir(dataDir: string): Promise<string> {
  await Deno.mkdir(engineDir(dataDir), { recursive: true });
  return await Deno.makeTempDir({ dir: engineDir(dataDir), prefix: "staging-" });
}

/**
 * Waits until no other process installs into the folder, and holds it until disposed: two would take each other's files.
 * @throws what `wait` throws
 */
export async function holdEngines(dataDir: string, wait: () => Promise<void>): Promise<Disposable> {
  await Deno.mkdir(engineDir(dataDir), { recursive: true });
  const folder = await Deno.open(engineDir(dataDir));
  try {
    // A file system that knows no locks keeps nobody from installing.
    while (!await folder.tryLock(true).catch(() => true)) await wait();
    return folder;
  } catch (error) {
    folder.close();
    throw error;
  }
}

/**
 * Removes what installations that were killed have left half unpacked, while no other process installs: CUDA's takes two
 * gigabytes.
 */
export async function removeStaged(dataDir: string): Promise<void> {
  const home = engineDir(dataDir);
  for (const name of await namesIn(home)) {
    if (name.startsWith("staging-")) await Deno.remove(join(home, name), { recursive: true });
  }
}

/**
 * Moves a complete engine to `engine/<name>` and makes it the current one; an earlier one of that name goes. Of the others
 * the one before stays, for a node that runs.
 */
export async function publishEngine(dataDir: string, staged: string, name: string): Promise<void> {
  const home = engineDir(dataDir);
  const before = await Deno.readLink(currentEngineDir(dataDir)).catch(() => null);
  const replaced = `${staged}-replaced`;
  const target = join(home, name);
  await unlessMissing(Deno.rename(target, replaced));
  await Deno.rename(staged, target);
  await unlessMissing(Deno.remove(replaced, { recursive: true }));
  const link = `${staged}-current`;
  await Deno.symlink(name, link);
  await Deno.rename(link, currentEngineDir(dataDir));
  for (const engine of await namesIn(home)) {
    const isOld = /^(release|debian)-/.test(engine) && engine !== name && engine !== before;
    if (isOld) await Deno.remove(join(home, engine), { recursive: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
}
