/** From archives to a folder of binaries. */

import { basename, dirname, join } from "node:path";
import { EngineInstallError, lastWords } from "../base/errors.ts";
import { runCommand } from "../../base/run_command.ts";
import { engineDir, stagingDir } from "./engine_dir.ts";
import { findBinaries } from "./find.ts";

/**
 * A folder that `unpack` has filled: the one of an earlier attempt, where that got so far. It bears its name only once it
 * is whole.
 */
export async function unpackOnce(
  dataDir: string,
  name: string,
  unpack: (into: string) => Promise<void>,
): Promise<string> {
  const path = join(engineDir(dataDir), `unpacked-${name}`);
  if (await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false)) return path;
  const staged = await stagingDir(dataDir);
  try {
    await unpack(staged);
    await Deno.rename(staged, path);
    return path;
  } catch (error) {
    await Deno.remove(staged, { recursive: true });
    throw error;
  }
}

/** @throws {EngineInstallError} */
export async function unpackArchive(
  archive: string,
  into: string,
  signal?: AbortSignal,
): Promise<void> {
  const [command, ...args] = archive.endsWith(".zip")
    ? ["unzip", "-q", archive, "-d", into] as const
    : ["tar", "-xzf", archive, "-C", into, "--no-same-owner"] as const;
  await Deno.mkdir(into, { recursive: true });
  const { code, stderr } = await runCommand(command, args, signal === undefined ? {} : { signal })
    .catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new EngineInstallError(
        `${basename(archive)} can't be unpacked, for this machine has no ${command}: install it`,
        { cause: error },
      );
    });
  if (code === 0) return;
  throw new EngineInstallError(
    `Could not unpack ${archive}: ${command} ended with code ${code}${lastWords(stderr)}`,
  );
}

/** The folder of the archive that holds the binaries: `llama-bNNNN/`, or `build/bin/` in older releases. */
export async function binariesDir(root: string): Promise<string> {
  for (const dir of await foldersBelow(root)) {
    const options = { dataDir: root, binDir: dir, executableDir: root, path: "" };
    const found = await findBinaries(options).catch(() => null);
    if (found !== null) return dirname(found.llamaServer);
  }
  throw new EngineInstallError("The archive holds no llama-server and rpc-server");
}

/** Libraries are looked for beside the program that needs them. */
export async function moveFiles(from: string, to: string): Promise<void> {
  for (const folder of await foldersBelow(from)) {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (!isDirectory) await Deno.rename(join(folder, name), join(to, name));
    }
  }
  await Deno.remove(from, { recursive: true });
}

async function foldersBelow(root: string): Promise<string[]> {
  const folders = [root];
  for (const folder of folders) {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.isDirectory) folders.push(join(folder, entry.name));
    }
  }
  return folders;
}
