/** Helpers for scripts: the project's root, programs run in it, and lines for the person who started them. */

import { isAbsolute, join } from "node:path";

/** The project's root, wherever a script was started. */
export const ROOT = join(import.meta.dirname!, "..");

export function fromRoot(path: string): string {
  return isAbsolute(path) ? path : join(ROOT, path);
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** `inherit` shows what the program prints, `capture` returns it. */
  readonly output: "inherit" | "capture";
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

export interface RunResult {
  readonly success: boolean;
  /** Above 128 where a signal ended it. */
  readonly code: number;
  /** Captured standard output. */
  readonly stdout: string;
  /** Captured standard output and then standard error. */
  readonly text: string;
}

/** @throws {Deno.errors.NotFound} where there is no such program. */
export async function run(
  program: string,
  args: readonly string[],
  { cwd = ROOT, env = {}, output, signal }: RunOptions,
): Promise<RunResult> {
  const stdio = output === "inherit" ? "inherit" : "piped";
  const child = new Deno.Command(program, {
    args: [...args],
    cwd,
    env,
    stdin: "null",
    stdout: stdio,
    stderr: stdio,
    ...(signal === undefined ? {} : { signal }),
  });
  if (output === "inherit") {
    const { success, code } = await child.spawn().status;
    return { success, code, stdout: "", text: "" };
  }
  const { success, code, ...bytes } = await child.output();
  const stdout = new TextDecoder().decode(bytes.stdout);
  return { success, code, stdout, text: stdout + new TextDecoder().decode(bytes.stderr) };
}

export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

export function complain(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
