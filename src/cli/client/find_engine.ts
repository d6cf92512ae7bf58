import { getLogger } from "@logtape/logtape";
import { downloadWorld } from "../../downloads/mod.ts";
import { type Engine, prepareEngine } from "../../engine/mod.ts";
import type { Runtime } from "../terminal/runtime.ts";

interface EnginePlaces {
  readonly dataDir: string;
  readonly binDir: string | null;
  /** The names that `--device` says. @default {null} */
  readonly devices?: readonly string[] | null;
}

/**
 * llama.cpp as a node would find it; nothing is installed.
 * @throws {EngineNotFoundError | EngineBrokenError | EngineDeviceError | DataDirUnusableError}
 */
export async function findEngine(
  { dataDir, binDir, devices = null }: EnginePlaces,
  { executableDir, path = "" }: Runtime,
): Promise<Engine> {
  if (binDir === null) {
    // The programs in this folder are run.
    const { makeDataDir } = await import("../../node/mod.ts");
    await makeDataDir(dataDir);
  }
  return await prepareEngine({
    dataDir,
    binDir,
    devices,
    executableDir,
    path,
    install: false,
    downloads: downloadWorld(null),
    onProgress: () => {}, // nothing is installed here
    logger: getLogger("mesh-llm"),
  });
}
