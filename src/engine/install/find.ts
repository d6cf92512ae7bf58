import { dirname, isAbsolute, join, resolve } from "node:path";
import { isForeign, othersMayWrite } from "../../base/own_files.ts";
import { currentEngineDir } from "./engine_dir.ts";
import { EngineNotFoundError } from "../base/errors.ts";
import type { Binaries } from "../base/types.ts";

export interface FindOptions {
  readonly dataDir: string;
  /** Exclusive: nothing else is searched. */
  readonly binDir: string | null;
  /** The folder of this executable. */
  readonly executableDir: string;
  /** The environment's PATH. */
  readonly path: string;
}

const LLAMA_SERVER = ["llama-server"];
/** The RPC server's name in newer builds, and the one before. */
const RPC_SERVER = ["ggml-rpc-server", "rpc-server"];

/**
 * Finds llama.cpp: in the data directory as our installer lays it, beside the executable, then on PATH.
 * @throws {EngineNotFoundError}
 */
export async function findBinaries(options: FindOptions): Promise<Binaries> {
  if (options.binDir !== null) return await inBinDir(resolve(options.binDir));
  const incomplete: string[] = [];
  for (const dir of await searched(options)) {
    const llamaServer = await firstExecutable([dir], LLAMA_SERVER);
    if (llamaServer === null) continue;
    const rpcServer = await firstExecutable(
      await companions(llamaServer, options.path),
      RPC_SERVER,
    );
    if (rpcServer !== null) return { llamaServer, rpcServer };
    incomplete.push(llamaServer);
  }
  throw new EngineNotFoundError(notFound(options, incomplete));
}

/**
 * PATH is its user's own choice. A llama.cpp that lies beside the executable, perhaps in a folder for everybody's
 * files, is run only if nobody else may have put it, or a library for it, there.
 */
async function searched({ dataDir, executableDir, path }: FindOptions): Promise<string[]> {
  return [
    currentEngineDir(dataDir),
    ...(await isOpenToOthers(executableDir) ? [] : [executableDir]),
    ...pathDirs(path),
  ];
}

async function isOpenToOthers(dir: string): Promise<boolean> {
  const infos = [dir, ...LLAMA_SERVER.map((name) => join(dir, name))]
    .map((path) => Deno.stat(path).catch(() => null));
  return (await Promise.all(infos)).some((info) =>
    info !== null && (isForeign(info) || othersMayWrite(info))
  );
}

async function inBinDir(dir: string): Promise<Binaries> {
  const llamaServer = await firstExecutable([dir], LLAMA_SERVER);
  const rpcServer = await firstExecutable([dir], RPC_SERVER);
  if (llamaServer !== null && rpcServer !== null) return { llamaServer, rpcServer };
  const missing = [
    llamaServer === null ? "llama-server" : null,
    rpcServer === null ? "rpc-server (or ggml-rpc-server)" : null,
  ].filter((name) => name !== null);
  throw new EngineNotFoundError(
    `The folder given with --bin-dir, ${dir}, holds no ${missing.join(" and no ")}. ` +
      "Name the folder of llama.cpp's binaries, or leave --bin-dir out",
  );
}

/** Folders where the rpc-server of the same llama.cpp may lie. */
async function companions(llamaServer: string, path: string): Promise<string[]> {
  const real = dirname(await Deno.realPath(llamaServer));
  // Debian keeps it off PATH.
  const libexec = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((triplet) =>
    join(real, "../libexec", triplet, "llama/bin")
  );
  return [dirname(llamaServer), real, ...libexec, ...pathDirs(path)];
}

function pathDirs(path: string): string[] {
  return path.split(":").filter((dir) => isAbsolute(dir));
}

async function firstExecutable(dirs: string[], names: string[]): Promise<string | null> {
  for (const dir of dirs) {
    for (const name of names) {
      const file = resolve(dir, name);
      if (await isExecutable(file)) return file;
    }
  }
  return null;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(file);
    return isFile && mode !== null && (mode & 0o111) !== 0;
  } catch {
    return false; // not there, or not ours to look at
  }
}

function notFound({ dataDir, executableDir }: FindOptions, incomplete: string[]): string {
  const half = incomplete.length === 0
    ? ""
    : ` (there is ${incomplete.join(", ")}, but no rpc-server beside it)`;
  return `Could not find llama.cpp's llama-server and rpc-server in ${
    currentEngineDir(dataDir)
  }, ` +
    `in ${executableDir} or on PATH${half}. ` +
    "Install it with `mesh-llm engine install`, or name its folder with --bin-dir";
}
