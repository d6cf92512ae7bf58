/** The executable that is to be replaced, and the folder that it lies in. */

import { basename, dirname, join } from "node:path";
import { isAlive } from "../../base/is_alive.ts";
import { runCommand } from "../../base/run_command.ts";
import { systemWords } from "../../base/system_error.ts";
import { UPDATE_TRIAL_MS } from "../base/defaults.ts";
import { UpdateError } from "./update_error.ts";

/** The former executable, kept beside the one in use. */
export function previousOf(executable: string): string {
  return `${executable}.previous`;
}

/** Folders of installations that were killed, or go on: install.sh's bear the numbers of their processes. */
const WORK_FOLDER = /^\.mesh-llm-(update|install)\.(\d+)$/;

/** A package manager that looks after this path, with the command that updates it; `null` where none does. Pure. */
export function packagedBy(executable: string): string | null {
  if (/\/(Cellar|Caskroom)\//.test(executable)) return "Homebrew: brew upgrade mesh-llm";
  if (executable.startsWith("/nix/store/")) return "Nix";
  if (executable.startsWith("/usr/bin/")) {
    return "a package of this system: install the newer package in its place";
  }
  return null;
}

/** The version that an executable tells of itself. @throws {UpdateError} where it does not run here */
export async function versionOf(executable: string, signal: AbortSignal): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(UPDATE_TRIAL_MS)]);
  const { code, stdout, stderr } = await runCommand(executable, ["--version"], { signal: limit })
    .catch((error) => {
      signal.throwIfAborted();
      return { code: -1, stdout: "", stderr: systemWords(error) };
    });
  if (code === 0) return stdout.trim();
  const [reason = ""] = (stderr.trim() || `it ended with code ${code}`).split("\n");
  throw new UpdateError(`${basename(executable)} does not run here: ${reason}`);
}

/**
 * A folder of this process beside the executable, as only within one file system a rename is a single step. Removed when it is
 * disposed. Nobody else updates meanwhile.
 * @param wait called while another update goes on @throws what it throws
 */
export async function workFolder(
  executable: string,
  wait: () => Promise<void>,
): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = dirname(executable);
  const path = join(folder, `.mesh-llm-update.${Deno.pid}`);
  const held = await holdFolder(folder, wait);
  try {
    await removeLeftovers(folder);
    await Deno.mkdir(path);
  } catch (error) {
    held.close();
    throw new UpdateError(
      `Cannot write to ${folder}: ${
        systemWords(error)
      }. Update as the user who installed mesh-llm there`,
      { cause: error },
    );
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
      held.close();
    },
  };
}

/** A lock on the folder itself leaves no file behind. */
async function holdFolder(folder: string, wait: () => Promise<void>): Promise<Deno.FsFile> {
  const file = await Deno.open(folder);
  try {
    // A file system that knows no locks keeps nobody from updating.
    while (!await file.tryLock(true).catch(() => true)) await wait();
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** No other update goes on, since the folder is held; install.sh holds nothing. */
async function removeLeftovers(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    const [, by, pid] = WORK_FOLDER.exec(name) ?? [];
    if (by === undefined || (by === "install" && isAlive(Number(pid)))) continue;
    await Deno.remove(join(folder, name), { recursive: true });
  }
}
