/** Programs that a benchmark starts without a node, and how it waits for them. */

export interface Spawned extends AsyncDisposable {
  readonly pid: number;
}

export function spawned(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Spawned {
  const child = new Deno.Command(program, {
    args: [...args],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child.status;
    },
  };
}

export async function listening(hostname: string, port: number): Promise<void> {
  await repeatedly(async () => (await Deno.connect({ hostname, port })).close());
}

export async function healthy(url: string): Promise<void> {
  await repeatedly(async () => {
    const response = await fetch(url);
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  });
}

/** Every 20 ms, for four minutes at most. */
export async function repeatedly(attempt: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + 240_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
