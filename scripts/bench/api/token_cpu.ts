/** The processor time that a token costs the nodes on its way: steadier than the clock where all share two cores. */

import { setTimeout as delay } from "node:timers/promises";
import { endlessCompletion } from "../../../tests/support/endless_completion.ts";
import { cpuSeconds } from "../../../tests/support/processes.ts";
import type { NodeProcess } from "../../../tests/support/node_process.ts";
import { type Figure, median } from "../figures.ts";
import { startGateways } from "./gateways.ts";

/** One stream is some seconds long, so that a tick of the system's clock of processor time is small beside it. */
const TOKENS = 150;

/** Of its own work while nobody asks it anything, in turns with the streams. */
const IDLE_MS = 2_000;

interface Way {
  readonly name: string;
  /** Its API is asked. */
  readonly entry: NodeProcess;
  readonly measured: NodeProcess;
  readonly aim?: string;
}

/** @param model one of some 20 ms a token, so that every token comes by itself. */
export async function tokenCpuFigures(model: string, rounds: number): Promise<Figure[]> {
  // Threads of llama.cpp that spin leave a busy machine one token in half a second, so that this would not end.
  await using gateways = await startGateways(model, { OMP_WAIT_POLICY: "passive" });
  const { host, client } = gateways;
  const ways: readonly Way[] = [
    { name: "host, local API", entry: host, measured: host, aim: "<= 0.25 ms" },
    { name: "client node", entry: client, measured: client, aim: "<= 0.4 ms" },
    { name: "host, for the client", entry: client, measured: host },
  ];
  const figures: Figure[] = [];
  for (const { name, aim, ...way } of ways) {
    const values: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const value = await msPerToken(gateways.model, way);
      if (round > 0) values.push(value);
    }
    const value = `${median(values).toFixed(2)} ms`;
    figures.push({ name: `CPU a token: ${name}`, value, ...(aim === undefined ? {} : { aim }) });
  }
  return figures;
}

async function msPerToken(
  model: string,
  { entry, measured: { pid } }: Pick<Way, "entry" | "measured">,
): Promise<number> {
  const idle = await rateDuring(pid, () => delay(IDLE_MS));
  let tokens = 0;
  const busy = await rateDuring(pid, async () => {
    tokens = await readTokens(entry.ready.api, model);
  });
  return (busy.cpuMs - idle.cpuMs / idle.wallMs * busy.wallMs) / tokens;
}

async function rateDuring(
  pid: number,
  work: () => Promise<void>,
): Promise<{ readonly cpuMs: number; readonly wallMs: number }> {
  const [cpu, startedMs] = [await cpuSeconds(pid), performance.now()];
  await work();
  const wallMs = performance.now() - startedMs;
  return { cpuMs: (await cpuSeconds(pid) - cpu) * 1_000, wallMs };
}

/** As many events as came before it hung up. */
async function readTokens(api: string, model: string): Promise<number> {
  const response = await endlessCompletion(api, model);
  if (!response.ok || response.body === null) throw new Error(await response.text());
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let tokens = 0;
  while (tokens < TOKENS) {
    const { value, done } = await reader.read();
    if (done) break;
    tokens += value.split("\n\n").length - 1;
  }
  await reader.cancel();
  return tokens;
}
