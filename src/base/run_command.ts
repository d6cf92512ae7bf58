/** Commands that end by themselves. */

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. @throws {Deno.errors.NotFound} where there is none of that name. */
export async function runCommand(
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
