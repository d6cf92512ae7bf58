/**
 * `deno task bench api [--requests N] [--runs N] [--tokens N] [--no-readers]`: what the way through the API
 * costs. First byte and tokens per second of a node's llama-server itself, through the node's API and through a
 * client node's, in turn; then what a token costs the nodes in processor time, what callers that hang up cost, those
 * that never finish their request, and those that read slowly: ten minutes of the fifteen.
 */

import { parseArgs } from "node:util";
import { cachedBallast } from "../../tests/support/ballast.ts";
import { testBinDir } from "../../tests/support/engine.ts";
import { startNode } from "../../tests/support/node_process.ts";
import { say } from "../run.ts";
import { hangUpFigures } from "./api/hang_up.ts";
import { slowReaderFigures } from "./api/slow_reader.ts";
import {
  type Figure,
  figureTable,
  machine,
  median,
  medianDifference,
  medianRatio,
} from "./figures.ts";
import { writeSection } from "./page.ts";
import { HOST_CORE, ONE_CORE, OTHER_CORES, pin, standAside } from "./cores.ts";
import { ownServer } from "./api/own_server.ts";
import { tokenCpuFigures } from "./api/token_cpu.ts";
import { unfinishedFigures } from "./api/unfinished.ts";
import { benchEngine, interleaved, untilListed } from "./sides.ts";
import { firstByteMs, type StreamOptions, tokensPerSecond } from "./token_rate.ts";

/** At least 20 ms a token on 2 cores, as the aims ask for, also on fast ones. */
const BALLAST = { layers: 15, sizeBytes: 300_000_000 } as const;

/** Some three times what the machine is busy with behind one request. */
const PAUSE_MS = 20;

/** By each way: V8 compiles what is used often, and until then a request takes half as much again. */
const WARM_UP = 1_500;

/** So that no stream pays for what its predecessor has left to be done. */
const STREAM_PAUSE_MS = 200;

const TOKEN_CPU_ROUNDS = 7;

type Measure = (baseUrl: string, options: StreamOptions) => Promise<number>;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      readers: { type: "boolean", default: true },
      requests: { type: "string", default: "500" },
      runs: { type: "string", default: "30" },
      tokens: { type: "string", default: "30" },
    },
  });
  await benchEngine();
  const figures: Figure[] = [];
  const add = (some: readonly Figure[]) => {
    figures.push(...some);
    say(figureTable(some));
  };
  for (const warmUp of [0, WARM_UP]) {
    const first = await threeWays(null, firstByteMs, {
      rounds: Number(values.requests),
      tokens: 1,
      pauseMs: PAUSE_MS,
      warmUp,
    });
    add(firstByteFigures(warmUp === 0 ? "just started" : `behind ${warmUp} requests`, first));
  }
  const streams = {
    rounds: Number(values.runs),
    tokens: Number(values.tokens),
    pauseMs: STREAM_PAUSE_MS,
  };
  const together = await threeWays(cachedBallast(BALLAST), tokensPerSecond, streams);
  add(rateFigures("all on the same cores", together));
  const apart = await threeWays(cachedBallast(BALLAST), tokensPerSecond, {
    ...streams,
    isHostApart: true,
  });
  add(rateFigures("the host and one thread of llama.cpp on a core of their own", apart));
  add(await tokenCpuFigures(cachedBallast(BALLAST), TOKEN_CPU_ROUNDS));
  add(await hangUpFigures(cachedBallast(BALLAST)));
  add(await unfinishedFigures());
  if (values.readers) add(await slowReaderFigures());
  const { requests, runs, tokens } = values;
  const what = [
    `Measured on ${await machine()}.`,
    `${requests} requests for one token of the guide, on connections that are kept, ${PAUSE_MS} ms apart; ${runs} streams of ${tokens} tokens`,
    "of ballast; each way in turn, and what is more, or a part, is the median over the pairs.",
  ].join("\n");
  const title = "The way through the API (`deno task bench api`)";
  await writeSection(title, `${what}\n\n${figureTable(figures)}`);
}

interface ThreeWays {
  readonly direct: readonly number[];
  readonly local: readonly number[];
  readonly client: readonly number[];
}

/** The guide, where no model is named. */
async function threeWays(
  model: string | null,
  measure: Measure,
  { rounds, tokens, pauseMs, warmUp = 0, isHostApart = false }: {
    readonly rounds: number;
    readonly tokens: number;
    readonly pauseMs: number;
    /** Turns that are not measured. */
    readonly warmUp?: number;
    /** On a core of its own, as on a machine of its own. */
    readonly isHostApart?: boolean;
  },
): Promise<ThreeWays> {
  // The guide beside it would guess the ballast's tokens, and several would come at a time.
  const serve = ["--model", model ?? "guide", "--bin-dir", await testBinDir(), "--no-draft"];
  await using node = await startNode({ args: serve, env: isHostApart ? ONE_CORE : {} });
  const name = String((await node.waitFor("serving")).model);
  await using client = await startNode({ args: ["--client", "--join", node.token] });
  await untilListed(client, name);
  await using stack = new AsyncDisposableStack();
  if (isHostApart) {
    await pin(node.pid, HOST_CORE);
    await pin(client.pid, OTHER_CORES);
    stack.use(await standAside());
  }
  const alone = await ownServer(node);
  const options = { model: name, tokens };
  const ways = [
    () => measure(alone.url, { ...options, apiKey: alone.apiKey }),
    () => measure(node.ready.api, options),
    () => measure(client.ready.api, options),
  ];
  if (warmUp > 0) await interleaved(warmUp, ways, { pauseMs: 0 });
  const [direct = [], local = [], remote = []] = await interleaved(rounds, ways, { pauseMs });
  return { direct, local, client: remote };
}

function firstByteFigures(when: string, { direct, local, client }: ThreeWays): Figure[] {
  const more = (values: readonly number[]) =>
    `${median(values).toFixed(2)} ms (${medianDifference(values, direct).toFixed(2)} ms more)`;
  return [
    {
      name: `first byte p50, ${when}: llama-server itself`,
      value: `${median(direct).toFixed(2)} ms`,
    },
    { name: `first byte p50, ${when}: local API`, value: more(local), aim: "<= 1.5 ms more" },
    { name: `first byte p50, ${when}: client node`, value: more(client), aim: "<= 4 ms more" },
  ];
}

function rateFigures(how: string, { direct, local, client }: ThreeWays): Figure[] {
  const rate = (values: readonly number[]) => `${median(values).toFixed(1)} tokens/s`;
  const of = (values: readonly number[]) =>
    `${rate(values)} (${medianRatio(values, direct).toFixed(3)} of llama-server)`;
  return [
    { name: `ballast, ${how}: llama-server itself`, value: rate(direct) },
    { name: `ballast, ${how}: local API`, value: of(local), aim: ">= 0.98" },
    { name: `ballast, ${how}: client node`, value: of(client), aim: ">= 0.98" },
  ];
}
