/**
 * One end of a measurement, in a process of its own. `listen LINK` prints its address, and at the end its use of the machine; `dial
 * LINK ADDRESS SCENARIO MS` prints "warm" when it begins to measure, and then its result. The listener gets both in its
 * input.
 */

import { readLines } from "./lines.ts";
import { cpuSeconds } from "../../../tests/support/processes.ts";
import type { Link } from "./link.ts";
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
/** Until the heap has its size: libp2p keeps a timer of 10 s for each stream that comes in. */
const WARM_UP_STREAMS = 15_000;

export type Scenario =
  | "one-stream"
  | "eight-streams"
  | "round-trip"
  | "round-trip-beside"
  | "slow-reader"
  | "short-streams";

export interface DialReport {
  readonly values: readonly number[];
  readonly use: Use;
}

export interface Use {
  readonly startBytes: number;
  readonly peakBytes: number;
  readonly endBytes: number;
  /** Of the process, and of what stands between the ends. */
  readonly cpuSeconds: number;
}

/** From now on; the start is what the process holds once its connection is up and warm. */
async function watchUse({ helpers }: Link): Promise<() => Promise<Use>> {
  const pids = [Deno.pid, ...helpers?.() ?? []];
  const spent = async () =>
    (await Promise.all(pids.map(cpuSeconds))).reduce((sum, one) => sum + one, 0);
  const startSeconds = await spent();
  const startBytes = Deno.memoryUsage().rss;
  let peakBytes = startBytes;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, Deno.memoryUsage().rss);
  }, MEMORY_SAMPLE_MS);
  return async () => {
    clearInterval(timer);
    const endBytes = Deno.memoryUsage().rss;
    const cpuSeconds = await spent() - startSeconds;
    return { startBytes, peakBytes: Math.max(peakBytes, endBytes), endBytes, cpuSeconds };
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

/** Both ends have run all code once, and their heaps have grown. */
async function warmUp(scenario: Scenario, open: Open): Promise<void> {
  await roundTrips(open, WARM_UP_MS);
  if (scenario === "short-streams") await shortStreams(open, WARM_UP_STREAMS);
}

async function listenUntilDone(link: Link): Promise<void> {
  print(await link.listen(serve));
  let report = await watchUse(link);
  for await (const line of readLines(Deno.stdin.readable)) {
    if (line === "done") return print(await report());
    await report();
    report = await watchUse(link);
  }
}

async function dialAndMeasure(link: Link): Promise<void> {
  const [, , address = "", scenario, ms] = Deno.args;
  const open = await link.dial(address);
  await warmUp(scenario as Scenario, open);
  print("warm");
  const report = await watchUse(link);
  const values = await measure(scenario as Scenario, open, Number(ms));
  print({ values, use: await report() } satisfies DialReport);
}

const [role, name] = Deno.args;
const link: Link = LINKS[name as LinkName];
await (role === "listen" ? listenUntilDone(link) : dialAndMeasure(link));
await link.close?.();
Deno.exit(0);
