import type { Logger } from "@logtape/logtape";
import { dirname, join } from "node:path";
import { CONNECT_TIMEOUT_MS, RELEASE_TAG } from "../base/defaults.ts";
import { download } from "./download.ts";
import { engineDir, publishEngine, stagingDir } from "./engine_dir.ts";
import { EngineInstallError, lastWords, reasonOf } from "../base/errors.ts";
import { findBinaries } from "./find.ts";
import { verifyRuns } from "../devices/probe.ts";
import { archiveStem, findArchive, parseRelease, type ReleaseAsset } from "./release_asset.ts";
import { run } from "../base/run.ts";
import type { InstallProgress } from "../base/types.ts";

export interface ReleaseOptions {
  readonly dataDir: string;
  readonly onProgress: (progress: InstallProgress) => void;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
  /** @default {"https://api.github.com"} */
  readonly apiUrl?: string;
  /** @default {RELEASE_TAG} */
  readonly tag?: string;
}

/**
 * Installs the official release archive of llama.cpp for this platform. It is checked against the
 * digest that the release's API publishes, and must run here before it becomes the current engine.
 * @throws {EngineInstallError}
 */
export async function installRelease(options: ReleaseOptions): Promise<void> {
  const { dataDir, tag = RELEASE_TAG, signal } = options;
  const asset = await findAsset(options, tag);
  const staged = await stagingDir(dataDir);
  try {
    const archive = await fetchArchive(asset, options);
    await unpack(archive, staged, signal).finally(() => Deno.remove(archive));
    const binaries = await binariesDir(staged);
    await verifyRuns(join(binaries, "llama-server"), signal);
    await publishEngine(dataDir, binaries, `release-${tag}`);
  } finally {
    await Deno.remove(staged, { recursive: true }).catch(() => {}); // published as a whole
  }
}

async function findAsset(
  options: ReleaseOptions,
  tag: string,
): Promise<ReleaseAsset & { sha256: string }> {
  const { os, arch } = Deno.build;
  const stem = archiveStem(tag, os, arch);
  if (stem === undefined) {
    throw new EngineInstallError(`llama.cpp publishes no archive for ${os} on ${arch}`);
  }
  const asset = findArchive(await listAssets(options, tag), stem);
  if (asset === undefined) throw new EngineInstallError(`Release ${tag} holds no ${stem}.tar.gz`);
  const { sha256 } = asset;
  if (sha256 === null) {
    throw new EngineInstallError(
      `Release ${tag} publishes no SHA-256 for ${asset.name}, so it cannot be checked`,
    );
  }
  return { ...asset, sha256 };
}

async function listAssets(
  { apiUrl = "https://api.github.com", signal }: ReleaseOptions,
  tag: string,
): Promise<ReleaseAsset[]> {
  const url = `${apiUrl}/repos/ggml-org/llama.cpp/releases/tags/${tag}`;
  const timeout = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      headers: { accept: "application/vnd.github+json", "user-agent": "mesh-llm" },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (response.ok) return parseRelease(await response.json());
    await response.body?.cancel();
    throw new Error(`the server said ${response.status}`);
  } catch (error) {
    signal?.throwIfAborted();
    throw new EngineInstallError(`Could not read ${url}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Returns the path of the whole, checked archive. */
async function fetchArchive(
  asset: ReleaseAsset & { sha256: string },
  { dataDir, onProgress, signal }: ReleaseOptions,
): Promise<string> {
  const path = join(engineDir(dataDir), asset.name);
  await download({
    ...asset,
    path,
    onProgress: (receivedBytes) =>
      onProgress({
        source: "release",
        step: `Downloading ${asset.name}`,
        receivedBytes,
        totalBytes: asset.sizeBytes,
      }),
    ...(signal === undefined ? {} : { signal }),
  });
  return path;
}

async function unpack(archive: string, into: string, signal?: AbortSignal): Promise<void> {
  const [command, ...args] = archive.endsWith(".zip")
    ? ["unzip", "-q", archive, "-d", into] as const
    : ["tar", "-xzf", archive, "-C", into, "--no-same-owner"] as const;
  const { code, stderr } = await run(command, args, signal === undefined ? {} : { signal });
  if (code === 0) return;
  throw new EngineInstallError(
    `Could not unpack ${archive}: ${command} ended with code ${code}${lastWords(stderr)}`,
  );
}

/** The folder of the archive that holds the binaries: `llama-bNNNN/`, or `build/bin/` in older releases. */
async function binariesDir(root: string): Promise<string> {
  for (const dir of await foldersBelow(root)) {
    const options = { dataDir: root, binDir: dir, executableDir: root, path: "" };
    const found = await findBinaries(options).catch(() => null);
    if (found !== null) return dirname(found.llamaServer);
  }
  throw new EngineInstallError("The archive holds no llama-server and rpc-server");
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
