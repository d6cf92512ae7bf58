/**
 * One end of a measurement, in a process of its own. `listen LINK` prints its address, and its memory once its
 * input is closed; `dial LINK ADDRESS SCENARIO MS` prints what it measured, and its memory.
 */

import { type LinkName, LINKS } from "./links.ts";
import {
  fillSlowReader,
  type Open,
  roundTrips,
  roundTripsBeside,
  serve,
  shortStreams,
  throughput,
} from "./scenarios.ts";

const MEMORY_SAMPLE_MS = 10;
const SHORT_STREAMS = 10_000;
const WARM_UP_MS = 300;

export type Scenario =
  | "one-stream"
  | "eight-streams"
  | "round-trip"
  | "round-trip-beside"
  | "slow-reader"
  | "short-streams";

export interface DialReport {
  readonly values: readonly number[];
  readonly memory: Memory;
}

export interface Memory {
  readonly startBytes: number;
  readonly peakBytes: number;
  readonly endBytes: number;
}

/** From now on; the start is what the process holds after its connection is up and warm. */
function watchMemory(): () => Memory {
  const startBytes = Deno.memoryUsage().rss;
  let peakBytes = startBytes;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, Deno.memoryUsage().rss);
  }, MEMORY_SAMPLE_MS);
  return () => {
    clearInterval(timer);
    const endBytes = Deno.memoryUsage().rss;
    return { startBytes, peakBytes: Math.max(peakBytes, endBytes), endBytes };
  };
}

async function measure(scenario: Scenario, open: Open, ms: number): Promise<readonly number[]> {
  switch (scenario) {
    case "one-stream":
      return [await throughput(open, 1, ms)];
    case "eight-streams":
      return [await throughput(open, 8, ms)];
    case "round-trip":
      return await roundTrips(open, ms);
    case "round-trip-beside":
      return await roundTripsBeside(open, ms);
    case "slow-reader":
      await fillSlowReader(open, ms);
      return [];
    case "short-streams":
      await shortStreams(open, SHORT_STREAMS);
      return [];
  }
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

const [role, link, address = "", scenario = "", ms = "0"] = Deno.args;
const { listen, dial } = LINKS[link as LinkName];
if (role === "listen") {
  print(await listen(serve));
  const report = watchMemory();
  for await (const _ of Deno.stdin.readable);
  print(report());
} else {
  const open = await dial(address);
  await roundTrips(open, WARM_UP_MS);
  const report = watchMemory();
  const values = await measure(scenario as Scenario, open, Number(ms));
  print({ values, memory: report() } satisfies DialReport);
}
Deno.exit(0);
