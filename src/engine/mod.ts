/** llama.cpp on this machine: found or installed, probed, run and ended. */

export {
  EngineBrokenError,
  EngineExitedError,
  EngineInstallError,
  EngineNotFoundError,
  EngineStoppedError,
} from "./errors.ts";
export { hasCrashed } from "./crash.ts";
export { type ExitCause, type FailedPart, kindOfCause } from "./exit_cause.ts";
export { findBinaries, type FindOptions } from "./find.ts";
export { installEngine, type InstallOptions } from "./install.ts";
export { type LogTail, logTails } from "./log_tails.ts";
export { mainMemoryBytes } from "./main_memory.ts";
export { type MemoryOptions, offeredMemory } from "./memory.ts";
export { prepareEngine, type PrepareOptions } from "./prepare.ts";
export { probeEngine, type ProbeOptions } from "./probe.ts";
export { gpuDrivers } from "./gpu_drivers.ts";
export type { Threads } from "./cores.ts";
export { machineThreads } from "./read_cores.ts";
export { endStaleChildren } from "./stale.ts";
export { createSupervisor, type SupervisorOptions } from "./supervisor.ts";
export type * from "./types.ts";
