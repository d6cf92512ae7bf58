/** How long a slot stays busy with an answer whose caller has hung up. */

import { type Figure, median } from "../figures.ts";
import { startGateways } from "./gateways.ts";

const ROUNDS = 5;

/** The stream is well under way; the context has room for hundreds of times as many. */
const EVENTS_BEFORE = 5;

/** A model of some 20 ms a token, whose instance gets one slot: the next request has to wait for it. */
export async function hangUpFigures(model: string): Promise<Figure[]> {
  await using gateways = await startGateways(model, { LLAMA_ARG_N_PARALLEL: "1" });
  const figures: Figure[] = [];
  for (const { name, ready } of [gateways.host, gateways.client]) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      times.push(await untilFree(ready.api, gateways.model));
    }
    const ms = (value: number) => `${value.toFixed(0)} ms`;
    figures.push({
      name:
        `from a hang-up to another caller's first token, by the ${name}: median, worst of ${ROUNDS}`,
      value: `${ms(median(times))}, ${ms(Math.max(...times))}`,
      aim: "<= 1 s",
    });
  }
  return figures;
}

/** With the time that the other request's own first token takes. */
async function untilFree(api: string, model: string): Promise<number> {
  const hangUp = new AbortController();
  const reader = (await endless(api, model, hangUp.signal)).getReader();
  for (let event = 0; event < EVENTS_BEFORE; event++) await reader.read();
  const startedMs = performance.now();
  hangUp.abort();
  await reader.closed.catch(() => {});
  const next = new AbortController();
  const nextReader = (await endless(api, model, next.signal)).getReader();
  await nextReader.read();
  const elapsedMs = performance.now() - startedMs;
  next.abort();
  await nextReader.closed.catch(() => {});
  return elapsedMs;
}

async function endless(
  api: string,
  model: string,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(`${api}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model,
      prompt: "user: what is a mesh?\nassistant: ",
      temperature: 0,
      ignore_eos: true,
      stream: true,
    }),
    signal,
  });
  if (!response.ok || response.body === null) throw new Error(await response.text());
  return response.body;
}
