/** How long a slot stays busy with an answer whose caller has hung up. */

import { endlessCompletion } from "../../../tests/support/endless_completion.ts";
import { type Figure, median } from "../figures.ts";
import { startGateways } from "./gateways.ts";

const ROUNDS = 5;

/** The stream is under way; the context has room for hundreds of times as many. */
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
      name: `a caller of the ${name} hangs up: its slot is free after (median, worst of ${ROUNDS})`,
      value: `${ms(median(times))}, ${ms(Math.max(...times))}`,
      aim: "<= 1 s",
    });
  }
  return figures;
}

/**
 * The additional time of the next request's first token, compared with the one before it, which found the slot free.
 */
async function untilFree(api: string, model: string): Promise<number> {
  const first = await Stream.begin(api, model);
  for (let event = 0; event < EVENTS_BEFORE; event++) await first.reader.read();
  const hungUpMs = performance.now();
  await first.hangUp();
  const next = await Stream.begin(api, model);
  const waitedMs = performance.now() - hungUpMs;
  await next.hangUp();
  return Math.max(0, waitedMs - first.firstMs);
}

class Stream {
  private constructor(
    readonly reader: ReadableStreamDefaultReader<Uint8Array>,
    readonly firstMs: number,
  ) {}

  /** Resolves with its first token. */
  static async begin(api: string, model: string): Promise<Stream> {
    const startedMs = performance.now();
    const response = await endlessCompletion(api, model);
    if (!response.ok || response.body === null) throw new Error(await response.text());
    const reader = response.body.getReader();
    await reader.read();
    return new Stream(reader, performance.now() - startedMs);
  }

  /** Not by a signal: Deno's fetch may lose it once the head has come. */
  async hangUp(): Promise<void> {
    await this.reader.cancel();
  }
}
