/** The node's own files in its data directory: the lock and `node.json`. */

import { join } from "node:path";
import { removeDrafts, writeWhole } from "../../base/atomic_file.ts";
import { openOwn } from "../../base/own_files.ts";
import { makePrivate, replaceableIn } from "../../base/private_folder.ts";
import { systemWords } from "../../base/system_error.ts";

/** Another node already runs on this data directory. */
export class DataDirInUseError extends Error {
  override name = "DataDirInUseError";
  constructor(dataDir: string, readonly pid: number | null) {
    const who = pid === null ? "another node" : `the node with pid ${pid}`;
    super(
      `Cannot use ${dataDir}: ${who} is running on it. ` +
        `Stop that node first, or name another directory with --data-dir`,
    );
  }
}

/** The data directory can't be made or written. */
export class DataDirUnusableError extends Error {
  override name = "DataDirUnusableError";
  constructor(dataDir: string, cause: unknown) {
    super(
      `Cannot use ${dataDir} as data directory: ${systemWords(cause)}. ` +
        `Name another one with --data-dir`,
      { cause },
    );
  }
}

/** How `status`, `drop` and `token` find the running node. */
export interface NodeFile {
  readonly pid: number;
  /** ISO time at which the node started. */
  readonly startTime: string;
  readonly api: string;
  readonly console: string;
  readonly adminKey: string;
}

const OWN_FOLDERS = [
  "cache",
  "claims",
  "client",
  "engine",
  "logs",
  "meshes",
  "models",
  "relay",
  "weights",
];
const OWN_FILES = /^(lock|config\.toml|[\w-]+\.json)(\.v\d+)?(\.\d+(\.tmp)?)?$/;

/**
 * Makes a data directory, or makes sure that nobody else may look into it or write there. The files in it decide which
 * programs run and which peers are admitted. @throws {DataDirUnusableError}
 */
export async function makeDataDir(dataDir: string): Promise<void> {
  const isOurs = (name: string) => OWN_FOLDERS.includes(name) || OWN_FILES.test(name);
  const options = {
    isOurs,
    nested: ["cache", "logs", "meshes", "weights"],
    users: ["config.toml"],
  };
  try {
    await makePrivate(dataDir, options);
  } catch (cause) {
    throw new DataDirUnusableError(dataDir, cause);
  }
}

/** A sentence where somebody else may put another data directory in this one's place. */
export async function dataDirWarning(dataDir: string): Promise<string | null> {
  const above = await replaceableIn(dataDir).catch(() => null);
  return above === null
    ? null
    : `Others may put another folder in the place of ${dataDir}, since they may write to ${above}: ` +
      "name one elsewhere with --data-dir";
}

/** Folders in which files are replaced in one step, so that a node that was killed may have left its drafts there. */
const FOLDERS = [".", "cache", "models", "weights/index"];

/** Holds a data directory for one node; the kernel lets go of it however the process ends. */
export class DataDirLock {
  readonly #file: Deno.FsFile;
  readonly #nodePath: string;

  private constructor(file: Deno.FsFile, nodePath: string) {
    this.#file = file;
    this.#nodePath = nodePath;
  }

  /** @throws {DataDirInUseError} naming the pid. @throws {DataDirUnusableError} saying why. */
  static async acquire(dataDir: string): Promise<DataDirLock> {
    const path = join(dataDir, "lock");
    await makeDataDir(dataDir);
    const file = await openOwn(path).catch((cause) => {
      throw new DataDirUnusableError(dataDir, cause);
    });
    try {
      if (!await file.tryLock(true)) {
        throw new DataDirInUseError(dataDir, parsePid(await Deno.readTextFile(path)));
      }
      await Promise.all(FOLDERS.map((folder) => removeDrafts(join(dataDir, folder))));
      await file.truncate();
      await file.write(new TextEncoder().encode(String(Deno.pid)));
    } catch (error) {
      file.close();
      throw error instanceof DataDirInUseError ? error : new DataDirUnusableError(dataDir, error);
    }
    return new DataDirLock(file, join(dataDir, "node.json"));
  }

  /** Written whole or not at all, readable by the owner only: it holds the admin secret. */
  async publish(node: NodeFile): Promise<void> {
    await writeWhole(this.#nodePath, JSON.stringify(node, null, 2));
  }

  async release(): Promise<void> {
    await Deno.remove(this.#nodePath).catch(() => {}); // it was never published
    this.#file.close();
  }
}

function parsePid(text: string): number | null {
  const pid = Number.parseInt(text, 10);
  return Number.isSafeInteger(pid) ? pid : null;
}
