/** The command line: argv in, exit code out. */

export { run } from "./run.ts";
export { readRuntime, type Runtime } from "./terminal/runtime.ts";
