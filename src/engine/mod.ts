/** llama.cpp on this machine: found or installed, probed, run and ended. */

export {
  EngineBrokenError,
  EngineExitedError,
  EngineInstallError,
  EngineNotFoundError,
} from "./base/errors.ts";
export { PROMPT_CACHE_BYTES } from "./base/defaults.ts";
export { hasCrashed, hasLostDevice } from "./process/crash.ts";
export { kindOfCause, lacksMemory } from "./output/exit_cause.ts";
export { type FindOptions } from "./install/find.ts";
export { installEngine, type InstallOptions } from "./install/install.ts";
export { sameEngineRemedy, type SpeakingMachine } from "./install/same_engine.ts";
export { type LogTail, logTails } from "./output/log_tails.ts";
export { mainMemory } from "./devices/main_memory.ts";
export { type MemoryOptions, offeredMemory, withoutDevices } from "./devices/memory.ts";
export { prepareEngine, type PrepareOptions } from "./prepare.ts";
export { type ProbeOptions } from "./devices/probe.ts";
export { adviseOnEngine } from "./advise.ts";
export { machineThreads } from "./devices/read_cores.ts";
export { endStaleChildren } from "./process/stale.ts";
export { createSupervisor, type SupervisorOptions } from "./process/supervisor.ts";
export type * from "./base/types.ts";
