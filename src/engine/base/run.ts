/** Commands that end by themselves: probes and installers. */

import { dirname } from "node:path";
import { PROBE_TIMEOUT_MS } from "./defaults.ts";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** @default {PROBE_TIMEOUT_MS} */
  readonly timeoutMs?: number | undefined;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. @throws {Deno.errors.NotFound} where there is none of that name. */
export async function run(
  command: string,
  args: readonly string[],
  { cwd, env, signal }: RunOptions = {},
): Promise<RunResult> {
  signal?.throwIfAborted();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env: { ...env } }),
    ...(signal === undefined ? {} : { signal }),
  }).output();
  signal?.throwIfAborted();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/**
 * The same for a question that any llama.cpp answers within seconds, once it has run here before. It is asked where it lies, not where its user happens
 * to stand: llama.cpp loads every backend that it finds in its working directory.
 */
export async function ask(
  command: string,
  args: readonly string[],
  { signal, timeoutMs = PROBE_TIMEOUT_MS }: AskOptions = {},
): Promise<RunResult> {
  const limit = AbortSignal.timeout(timeoutMs);
  return await run(command, args, {
    cwd: dirname(command),
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
  });
}
