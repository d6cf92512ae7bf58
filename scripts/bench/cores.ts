/** Which cores a process runs on, so that one machine stands for several. Linux only. */

import { descendants } from "../../tests/support/processes.ts";

/** The host's, with its llama-server. */
export const HOST_CORE = "0";

/** As many threads of llama.cpp as that host has cores: more would wait for each other by spinning. */
export const ONE_CORE = { LLAMA_ARG_THREADS: "1", OMP_WAIT_POLICY: "passive" };

/** Everybody else's. */
export const OTHER_CORES = `1-${Math.max(1, navigator.hardwareConcurrency - 1)}`;

const ALL_CORES = `0-${Math.max(1, navigator.hardwareConcurrency - 1)}`;

/** Moves a process and all that it has started. */
export async function pin(pid: number, cores: string): Promise<void> {
  for (const one of [pid, ...(await descendants(pid)).map(({ pid }) => pid)]) {
    await move(one, cores);
  }
}

/** Keeps this process off the host's core until disposed. */
export async function standAside(): Promise<AsyncDisposable> {
  await move(Deno.pid, OTHER_CORES);
  return { [Symbol.asyncDispose]: () => move(Deno.pid, ALL_CORES) };
}

async function move(pid: number, cores: string): Promise<void> {
  await new Deno.Command("taskset", { args: ["-acp", cores, `${pid}`] }).output();
}
