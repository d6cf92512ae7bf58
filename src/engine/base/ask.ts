/** Questions to programs that end by themselves. */

import { dirname } from "node:path";
import { runCommand, type RunResult } from "../../base/run_command.ts";
import { PROBE_TIMEOUT_MS } from "./defaults.ts";

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** @default {PROBE_TIMEOUT_MS} */
  readonly timeoutMs?: number | undefined;
}

/**
 * Asks what any llama.cpp answers within seconds, once it has run here before. It is asked where it lies, not where its user
 * happens to stand: llama.cpp loads every backend that it finds in its working directory.
 */
export async function ask(
  command: string,
  args: readonly string[],
  { signal, timeoutMs = PROBE_TIMEOUT_MS }: AskOptions = {},
): Promise<RunResult> {
  const limit = AbortSignal.timeout(timeoutMs);
  return await runCommand(command, args, {
    cwd: dirname(command),
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
  });
}
