import { getLogger } from "@logtape/logtape";
import { downloadWorld } from "../../downloads/mod.ts";
import { ENGINE_DEFAULTS, type EngineConfig } from "../../engine/config.ts";
import {
  type Engine,
  mainMemory,
  type OfferedDevice,
  offeredMemory,
  prepareEngine,
} from "../../engine/mod.ts";
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

/** The devices that a node would use with these settings, and their memory. */
export async function offeredDevices(
  { devices }: Engine,
  config: EngineConfig = ENGINE_DEFAULTS,
): Promise<readonly OfferedDevice[]> {
  return offeredMemory({ devices, mainMemory: await mainMemory(), config }).devices;
}
