import { join } from "node:path";
import { EngineNotFoundError } from "./base/errors.ts";
import { readRecord } from "./install/engine_record.ts";
import { findBinaries, type FindOptions } from "./install/find.ts";
import { installIfMissing, type InstallOptions } from "./install/install.ts";
import { chooseDevices } from "./devices/choose_devices.ts";
import { probeEngine } from "./devices/probe.ts";
import type { Binaries, Engine } from "./base/types.ts";

export interface PrepareOptions extends FindOptions, Omit<InstallOptions, "from"> {
  /** Whether llama.cpp may be installed where none is found; never with `binDir`. */
  readonly install: boolean;
  /** The names that `--device` says. @default {null}, which leaves it to the rule of `chooseDevices` */
  readonly devices?: readonly string[] | null;
}

/**
 * Finds llama.cpp, or installs it, and asks it what it is.
 * @throws {EngineNotFoundError | EngineInstallError | EngineBrokenError | EngineDeviceError}
 */
export async function prepareEngine(options: PrepareOptions): Promise<Engine> {
  const binaries = await findOrInstall(options);
  const cachePath = join(options.dataDir, "engine-probe.json");
  const engine = await probeEngine(binaries, { ...options, cachePath });
  const choice = chooseDevices(engine.devices, options.devices ?? null);
  return { ...engine, ...choice, record: await readRecord(engine.llamaServer) };
}

async function findOrInstall(options: PrepareOptions): Promise<Binaries> {
  try {
    return await findBinaries(options);
  } catch (error) {
    const mayInstall = options.install && options.binDir === null;
    if (!(error instanceof EngineNotFoundError) || !mayInstall) throw error;
  }
  options.logger.info("No llama.cpp on this machine: installing it");
  const onNotice = (sentence: string) => options.logger.info("{sentence}", { sentence });
  return await installIfMissing({ onNotice, ...options, from: null }, () => findBinaries(options));
}
