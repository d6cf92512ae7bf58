/** The facts about the process that the command line needs, read once. */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Commands } from "../../api/mod.ts";
import { isForeign, othersMayWrite } from "../../base/own_files.ts";
import { ConfigFileError } from "../config/config_file_error.ts";
import { hasMadeKeys, readLastStart } from "../config/last_start.ts";
import type { Environment, Facts } from "../config/cli_context.ts";

export interface Runtime {
  readonly environment: Environment;
  readonly facts: Facts;
  /** The folder in which llama.cpp is looked for besides the data directory and PATH. */
  readonly executableDir: string;
  readonly path: string | undefined;
  readonly commands: Commands;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly colour: boolean;
  readonly debug: boolean;
  /** Started by the system, as `mesh-llm service install` says. */
  readonly service: boolean;
  /** Of the user who started this process: what others may do with new files. */
  readonly umask: number;
  /** Whether a browser that is opened here is seen by the user who started this process. */
  readonly desktop: boolean;
}

export function readRuntime(): Runtime {
  const env = Deno.env.toObject();
  const { standalone, os } = Deno.build;
  const stdoutIsTerminal = Deno.stdout.isTerminal();
  return {
    environment: env,
    facts: {
      hostname: Deno.hostname(),
      home: env.HOME || undefined,
      cwd: Deno.cwd(),
      readConfig,
      readLastStart,
      hasMadeKeys,
    },
    // Under `deno run` the executable is Deno, which has nothing of ours beside it.
    executableDir: standalone ? dirname(Deno.execPath()) : dirname(fileURLToPath(Deno.mainModule)),
    path: env.PATH,
    commands: commandsOf(standalone, Deno.version.deno),
    stdoutIsTerminal,
    stderrIsTerminal: Deno.stderr.isTerminal(),
    colour: stdoutIsTerminal && !env.NO_COLOR,
    debug: Boolean(env.MESH_LLM_DEBUG),
    service: Boolean(env.MESH_LLM_SERVICE),
    umask: Deno.umask(),
    desktop: hasDesktop(os, env),
  };
}

/** A user who started this process from source has no `mesh-llm` to type, and a second machine neither. */
export function commandsOf(standalone: boolean, deno: string): Commands {
  if (standalone) return { start: "./mesh-llm", run: "./mesh-llm" };
  // The task installs what is missing first; it takes the options of a node and no other command.
  const start = `npx -y deno@${deno} task start`;
  return { start, run: `npx -y deno@${deno} run -A main.ts` };
}

/** A continuous-integration job and a remote shell have nobody in front of a screen. */
export function hasDesktop(
  os: typeof Deno.build.os,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env.CI || env.SSH_CONNECTION) return false;
  return os === "darwin" || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/** Settings say what is run: those that somebody else may have written are not followed. */
function refuseForeign(path: string, info: Deno.FileInfo): void {
  const why = isForeign(info)
    ? "it belongs to another user of this machine"
    : info.isSymlink
    ? null
    : !info.isFile
    ? "it is not a file"
    : othersMayWrite(info)
    ? `others may write to it: run chmod 600 ${path}`
    : null;
  if (why !== null) throw new ConfigFileError(`Cannot use ${path}: ${why}`);
}

/** @throws {ConfigFileError} where there is a file that can't be read, or that is somebody else's. */
function readConfig(path: string): ReturnType<Facts["readConfig"]> {
  try {
    // Before it is opened, since a pipe would be waited for, and again for what was opened.
    for (const info of [Deno.lstatSync(path), Deno.statSync(path)]) refuseForeign(path, info);
    using file = Deno.openSync(path);
    const info = file.statSync();
    refuseForeign(path, info);
    return { text: readText(file, info.size), mode: info.mode };
  } catch (error) {
    const { NotADirectory, NotFound } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotADirectory) return undefined;
    if (error instanceof ConfigFileError) throw error;
    throw new ConfigFileError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function readText(file: Deno.FsFile, size: number): string {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = file.readSync(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}
