/** The processor time that a token costs the nodes on its way: steadier than the clock where all share two cores. */

import { setTimeout as delay } from "node:timers/promises";
import { endlessCompletion } from "../../../tests/support/endless_completion.ts";
import type { NodeProcess } from "../../../tests/support/node_process.ts";
import { type Figure, median } from "../figures.ts";
import { cpuMs, workOf } from "../token/threads.ts";
import { startGateways } from "./gateways.ts";

const TOKENS = 200;

/** V8 cleans up once, some 8 s after a node's start, for 100 ms: that belongs to no token. */
const WARM_TOKENS = 600;

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
  await readTokens(client.ready.api, gateways.model, WARM_TOKENS);
  const figures: Figure[] = [];
  for (const { name, aim, ...way } of ways) {
    const turns: Turn[] = [];
    for (let round = 0; round < rounds; round++) turns.push(await takeTurn(gateways.model, way));
    const values = msPerToken(turns);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const value = `${median(values).toFixed(2)} ms (${least.toFixed(2)} to ${most.toFixed(2)})`;
    figures.push({ name: `CPU a token: ${name}`, value, ...(aim === undefined ? {} : { aim }) });
  }
  return figures;
}

interface Spent {
  readonly cpuMs: number;
  readonly wallMs: number;
}

interface Turn {
  readonly idle: Spent;
  readonly busy: Spent;
  readonly tokens: number;
}

async function takeTurn(
  model: string,
  { entry, measured: { pid } }: Pick<Way, "entry" | "measured">,
): Promise<Turn> {
  const idle = await spentDuring(pid, () => delay(IDLE_MS));
  let tokens = 0;
  const busy = await spentDuring(pid, async () => {
    tokens = await readTokens(entry.ready.api, model, TOKENS);
  });
  return { idle, busy, tokens };
}

/** Without a node's own work, which is seldom one of V8's cleanings: by the usual of all turns. */
function msPerToken(turns: readonly Turn[]): number[] {
  const idle = median(turns.map(({ idle: { cpuMs, wallMs } }) => cpuMs / wallMs));
  return turns.map(({ busy, tokens }) => (busy.cpuMs - idle * busy.wallMs) / tokens);
}

async function spentDuring(pid: number, work: () => Promise<void>): Promise<Spent> {
  const [before, startedMs] = [cpuMs(await workOf(pid)), performance.now()];
  await work();
  const wallMs = performance.now() - startedMs;
  return { cpuMs: cpuMs(await workOf(pid)) - before, wallMs };
}

/** As many events as came before it hung up. */
async function readTokens(api: string, model: string, wanted: number): Promise<number> {
  const response = await endlessCompletion(api, model);
  if (!response.ok || response.body === null) throw new Error(await response.text());
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let tokens = 0;
  while (tokens < wanted) {
    const { value, done } = await reader.read();
    if (done) break;
    tokens += value.split("\n\n").length - 1;
  }
  await reader.cancel();
  return tokens;
}
