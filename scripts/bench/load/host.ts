import { setTimeout as delay } from "node:timers/promises";
import { type NodeProcess, startNode } from "../../../tests/support/node_process.ts";
import { cpuSeconds } from "../../../tests/support/processes.ts";
import type { Report } from "../../load/types.ts";
import { HOST_CORE, ONE_CORE, pin } from "../cores.ts";
import { type Figure, quantile } from "../figures.ts";

export interface Setting {
  /** Of clients. */
  readonly processes: number;
  readonly binDir: string;
}

const OWN_REQUESTS = 100;

/** In which V8 collects what is left over, and its memory is given back. */
const SETTLE_MS = 60_000;

/** On a core of its own, with its llama-server. */
export async function startHost(
  { binDir }: Setting,
  args: readonly string[] = [],
): Promise<NodeProcess> {
  const node = await startNode({
    args: ["--model", "guide", "--bin-dir", binDir, ...args],
    env: ONE_CORE,
  });
  await node.serving("guide");
  await pin(node.pid, HOST_CORE);
  return node;
}

/** Milliseconds of each of the host's own requests, one after the other. */
export async function ownRequests(host: NodeProcess): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < OWN_REQUESTS; index++) {
    const startedAt = performance.now();
    const response = await fetch(`${host.ready.api}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "guide",
        messages: [{ role: "user", content: `hello ${index}` }],
        max_tokens: 8,
      }),
    });
    if (!response.ok) throw new Error(`The host's own request failed: ${await response.text()}`);
    await response.json();
    times.push(performance.now() - startedAt);
  }
  return times;
}

/** The system's memory that a node uses, in MiB. */
export class Resident {
  readonly #pid: number;

  constructor({ pid }: NodeProcess) {
    this.#pid = pid;
  }

  async settled(): Promise<number> {
    await delay(SETTLE_MS);
    return await this.#read("VmRSS");
  }

  /** The most since the last call. */
  async peak(): Promise<number> {
    const peak = await this.#read("VmHWM");
    await Deno.writeTextFile(`/proc/${this.#pid}/clear_refs`, "5");
    return peak;
  }

  async #read(field: string): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.#pid}/status`);
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? NaN) / 1024;
  }
}

/** Seconds of a core that a process takes while something goes on. */
export async function cpuDuring<T>(
  { pid }: NodeProcess,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly seconds: number }> {
  const before = await cpuSeconds(pid);
  const result = await work();
  return { result, seconds: await cpuSeconds(pid) - before };
}

export function timesOf({ ms, failed, failures }: Report): Pick<Figure, "value"> {
  const [p50, p99] = [0.5, 0.99].map((q) => quantile(ms, q).toFixed(0));
  const why = failures[0] === undefined ? "" : ` (${failures[0].slice(0, 120)})`;
  return { value: `p50 ${p50} ms, p99 ${p99} ms, ${failed} of ${ms.length + failed} failed${why}` };
}
