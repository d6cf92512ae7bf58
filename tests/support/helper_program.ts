/** Small programs of the tests' own that run in a namespace for as long as the test wants them. */

export interface HelperProgram extends AsyncDisposable {
  readonly pid: number;
}

/**
 * Starts a module of this folder in a namespace; resolves once it is ready. It ends when it is disposed, and also when the
 * test ends in any other way.
 */
export async function startHelper(
  namespace: string,
  module: string,
  args: readonly string[],
): Promise<HelperProgram> {
  const path = new URL(module, import.meta.url).pathname;
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", namespace, Deno.execPath(), "run", "-A", "--quiet", path, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = child.stdout.getReader();
  const { done } = await output.read();
  const end = async () => {
    await child.stdin.close();
    await output.cancel();
    await child.status;
  };
  if (!done) return { pid: child.pid, [Symbol.asyncDispose]: end };
  await end();
  throw new Error(`${module} ended before it was ready`);
}

/** The last call of such a program: reports that it is ready, and ends the process with its standard input. */
export async function readyUntilEnd(): Promise<never> {
  Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
}
