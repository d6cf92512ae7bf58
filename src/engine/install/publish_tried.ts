import { unlessMissing } from "../../base/unless_missing.ts";
import { join } from "node:path";
import { SourceUnavailableError } from "../base/errors.ts";
import type { EngineRecord, InstallProgress, Trial } from "../base/types.ts";
import { publishEngine } from "./engine_dir.ts";
import { writeRecord } from "./engine_record.ts";
import { TrialTimeoutError, type TriedEngine, tryOut } from "./try_out.ts";

export interface PublishOptions {
  readonly dataDir: string;
  readonly trial: Trial | null;
  readonly onProgress: (progress: InstallProgress) => void;
  readonly signal?: AbortSignal | undefined;
  readonly firstRunMs?: number | undefined;
  /** llama.cpp's own number of the one build that will do. */
  readonly number?: string | undefined;
  /** The folder of the binaries in what was unpacked, which becomes the engine's. */
  readonly binaries: () => Promise<string>;
  readonly name: (tried: TriedEngine) => string;
  readonly record: Omit<EngineRecord, "device">;
}

/**
 * Makes the unpacked engine the current one, once it has shown that it works here. An engine that does not work is
 * removed; one that was not tried in time, or was broken off, stays: the next attempt begins with it.
 * @throws {EngineInstallError}
 */
export async function publishTried(
  unpacked: string,
  { dataDir, trial, onProgress, signal, firstRunMs, number, binaries, name, record }:
    PublishOptions,
): Promise<TriedEngine> {
  try {
    const folder = await binaries();
    const step = "Trying out llama.cpp, whose first run may take two minutes";
    onProgress({ source: record.source, step, receivedBytes: 0, totalBytes: null });
    const llamaServer = join(folder, "llama-server");
    const { build } = record;
    const tried = await tryOut(llamaServer, { build, trial, signal, timeoutMs: firstRunMs });
    if (number !== undefined && tried.number !== number) {
      throw new SourceUnavailableError(`it has build ${tried.number}, not ${number}`);
    }
    await writeRecord(folder, { ...record, device: tried.device });
    await publishEngine(dataDir, folder, name(tried));
    await remove(unpacked);
    return tried;
  } catch (error) {
    if (!(error instanceof TrialTimeoutError) && signal?.aborted !== true) await remove(unpacked);
    throw error;
  }
}

/** If it was published as a whole nothing is left of it. */
async function remove(folder: string): Promise<void> {
  await unlessMissing(Deno.remove(folder, { recursive: true }));
}
