import { reasonOf } from "../../base/as_error.ts";
import { dirname, join } from "node:path";
import { CONNECT_TIMEOUT_MS, RELEASE_TAG } from "../base/defaults.ts";
import type { DownloadWorld } from "../../downloads/mod.ts";
import { EngineInstallError, SourceUnavailableError } from "../base/errors.ts";
import type { EngineBuild, InstallProgress, Trial } from "../base/types.ts";
import { BUILDS } from "./builds.ts";
import { download } from "./download.ts";
import { engineDir } from "./engine_dir.ts";
import { publishTried } from "./publish_tried.ts";
import { archiveWords, findArchives, parseRelease, type ReleaseAsset } from "./release_asset.ts";
import { binariesDir, moveFiles, unpackArchive, unpackOnce } from "./unpack.ts";
import type { TriedEngine } from "./try_out.ts";

export interface ReleaseOptions {
  readonly dataDir: string;
  readonly downloads: DownloadWorld;
  readonly build: EngineBuild;
  readonly trial: Trial | null;
  readonly onProgress: (progress: InstallProgress) => void;
  /** Told before a large download begins. */
  readonly onNotice?: (sentence: string) => void;
  readonly signal?: AbortSignal;
  /** @default {"https://api.github.com"} */
  readonly apiUrl?: string;
  /** @default {RELEASE_TAG} */
  readonly tag?: string;
  /** For the first run of what was unpacked. */
  readonly firstRunMs?: number;
  /** llama.cpp's own number of the one build that will do. */
  readonly number?: string;
  /** Why it is no better build, for its record. */
  readonly why: string | null;
}

type CheckedAsset = ReleaseAsset & { readonly sha256: string };

/** Above this a download is told before it begins: people on a slow line would rather have a smaller one. */
const LARGE_DOWNLOAD_BYTES = 100e6;

/**
 * Installs the official release archives of one build of llama.cpp. They are checked against the digests that the
 * release's API publishes, and the engine must work here before it becomes the current one.
 * @throws {EngineInstallError}
 */
export async function installRelease(options: ReleaseOptions): Promise<TriedEngine> {
  const { dataDir, build, tag = RELEASE_TAG } = options;
  const assets = await findAssets(options, tag);
  // By what is in it, so that an archive that was replaced is unpacked anew.
  const name = `${tag}-${build}-${assets.map(({ sha256 }) => sha256.slice(0, 16)).join("-")}`;
  const unpacked = await unpackOnce(dataDir, name, (into) => fetchInto(into, assets, options));
  return await publishTried(unpacked, {
    ...options,
    binaries: () => binariesDir(unpacked),
    name: () => `release-${tag}-${build}`,
    record: { source: "release", tag, build, why: options.why },
  });
}

async function findAssets(options: ReleaseOptions, tag: string): Promise<readonly CheckedAsset[]> {
  const { build } = options;
  const found = findArchives(await listAssets(options, tag), build, Deno.build);
  if (found === undefined) {
    const parts = BUILDS[build].cuda === null ? "archive" : "pair of archives";
    throw new EngineInstallError(
      `Release ${tag} holds no ${parts} for ${archiveWords(build, Deno.build)}`,
    );
  }
  return found.map((asset) => {
    const { sha256 } = asset;
    if (sha256 !== null) return { ...asset, sha256 };
    throw new EngineInstallError(
      `Release ${tag} publishes no SHA-256 for ${asset.name}, so it cannot be checked`,
    );
  });
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
    throw new Error(refusalOf(response));
  } catch (error) {
    signal?.throwIfAborted();
    throw new SourceUnavailableError(`Could not read ${url}: ${reasonOf(error)}`, { cause: error });
  }
}

/** GitHub answers 403 or 429 to an address that has asked too often, and says when it may ask again. */
function refusalOf({ status, headers }: Response): string {
  const isLimit = (status === 403 || status === 429) &&
    headers.get("x-ratelimit-remaining") === "0";
  const resetS = Number(headers.get("x-ratelimit-reset") ?? NaN);
  if (!isLimit || !Number.isFinite(resetS)) return `the server said ${status}`;
  const minutes = Math.max(1, Math.ceil((resetS * 1000 - Date.now()) / 60_000));
  return `this address has asked GitHub too often, and may ask again in ${minutes} min`;
}

/** One archive after the other, so that no more than one lies on the disk beside what was unpacked. */
async function fetchInto(
  into: string,
  assets: readonly CheckedAsset[],
  options: ReleaseOptions,
): Promise<void> {
  const bytes = assets.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await checkRoom(into, bytes, options.downloads);
  announce(bytes, assets, options);
  for (const [index, asset] of assets.entries()) {
    const archive = await fetchArchive(asset, options);
    const folder = index === 0 ? into : join(into, "runtime");
    await unpackArchive(archive, folder, options.signal).finally(() => Deno.remove(archive));
    if (index > 0) await moveFiles(folder, await binariesDir(into));
  }
}

/** Unpacked, an archive takes up to twice its size. */
async function checkRoom(
  dir: string,
  bytes: number,
  { freeBytes }: DownloadWorld,
): Promise<void> {
  const free = await freeBytes(dir);
  if (free >= 3 * bytes) return;
  throw new EngineInstallError(
    `It needs ${megabytes(3 * bytes)} at ${dirname(dir)}, where ${megabytes(free)} are free`,
  );
}

function announce(
  bytes: number,
  assets: readonly CheckedAsset[],
  { build, onNotice }: ReleaseOptions,
): void {
  if (bytes < LARGE_DOWNLOAD_BYTES) return;
  const files = assets.length === 1 ? "one file" : `${assets.length} files`;
  onNotice?.(
    `llama.cpp with ${BUILDS[build].name} is a download of ${megabytes(bytes)} in ${files}; ` +
      `mesh-llm engine install --backend vulkan takes ${megabytes(BUILDS.vulkan.downloadBytes)}`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

/** Returns the path of the whole, checked archive. */
async function fetchArchive(
  asset: CheckedAsset,
  { dataDir, downloads, onProgress, signal }: ReleaseOptions,
): Promise<string> {
  const path = join(engineDir(dataDir), asset.name);
  await download({
    ...asset,
    path,
    world: downloads,
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
