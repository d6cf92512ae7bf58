import type { DownloadStatus } from "../../api/mod.ts";
import { join } from "node:path";
import {
  type AddressRules,
  DownloadRefusedError,
  downloadWorld,
  PUBLIC_ONLY,
} from "../../downloads/mod.ts";
import { AUTO_SHAPE, checkModelsDir, Downloads } from "../../models/mod.ts";
import { makeDataDir } from "../data/data_dir.ts";
import { downloadFit, lonelyView } from "./fit_views.ts";
import type { HubConfig } from "../../models/config.ts";
import { memoryOf, type OfflineOptions } from "./offline_catalog.ts";

export interface OfflineDownloadOptions extends OfflineOptions {
  readonly hub: HubConfig;
  readonly onProgress: (download: DownloadStatus) => void;
  /** Keeps what has arrived. */
  readonly signal: AbortSignal;
  /** @default {PUBLIC_ONLY} */
  readonly rules?: AddressRules;
}

/**
 * Downloads a model where no node runs, if this machine alone could run it. Resolves with its name, and
 * with `null` for the status once it is there.
 * @throws {InvalidReferenceError | DownloadRefusedError}
 */
export async function offlineDownload(
  reference: string,
  options: OfflineDownloadOptions,
): Promise<{ readonly name: string; readonly status: DownloadStatus | null }> {
  const { hub: { endpoint, token, proxies }, modelsDir, dataDir, signal, rules = PUBLIC_ONLY } =
    options;
  await checkModelsDir(modelsDir);
  await makeDataDir(dataDir);
  const mesh = lonelyView(await memoryOf(options), []);
  const hub = new URL(endpoint);
  const secret = token === null ? null : { host: hub.host, value: token };
  const downloads = await Downloads.open({
    folder: modelsDir ?? join(dataDir, "models"),
    hub,
    world: { ...downloadWorld(secret, proxies), rules },
    checkFit: ({ name, modelBytes }) => {
      const { kind, reason } = downloadFit({ name, sizeBytes: modelBytes }, mesh, AUTO_SHAPE);
      if (kind !== "none") return;
      throw new DownloadRefusedError(
        `${name} was not downloaded. ${reason}. ` +
          `A node that runs in a mesh counts the others' memory too`,
      );
    },
    peersFor: () => [],
    onLiar: () => {},
    onFinished: () => {},
    onProgress: (_, progress) => options.onProgress(progress),
    now: () => Date.now(),
  });
  const stop = () => void downloads.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const { name } = await downloads.start(reference);
    return { name, status: await downloads.ended(name) ?? null };
  } finally {
    signal.removeEventListener("abort", stop);
    await downloads.stop();
  }
}
