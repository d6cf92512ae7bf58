/**
 * `deno task bench requests [--runs N] [--requests N] [--tokens N] [--callers 1,64]`: callers who ask at one time, 1, 4, 16
 * and 64 unless told otherwise, through a node and directly at a llama-server with the same slots. The latter is measured
 * twice in each turn: as the thing to beat, and as the control arm, which shows by how much the machine alone makes two
 * equal sides differ. Then the swap of two models that need the same memory.
 */

import { parseArgs } from "node:util";
import { cachedBallast } from "../../tests/support/ballast.ts";
import { testBinDir } from "../../tests/support/engine.ts";
import { startNode } from "../../tests/support/node_process.ts";
import { say } from "../run.ts";
import { type Figure, figureTable, machine, median, quantile } from "./figures.ts";
import { writeSection } from "./page.ts";
import { benchEngine, interleaved, startDirect } from "./sides.ts";
import { swapFigures } from "./swap.ts";

const SLOTS = 4;

/** About 10 ms a token on a core: fast enough that what a node adds would show. */
const BALLAST = { layers: 7, sizeBytes: 150_000_000 } as const;

const PAUSE_MS = 200;

interface Side {
  readonly url: string;
  readonly apiKey: string | null;
}

interface Load {
  readonly callers: number;
  /** Of all callers together. */
  readonly requests: number;
  readonly tokens: number;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "10" },
      requests: { type: "string", default: "16" },
      tokens: { type: "string", default: "12" },
      callers: { type: "string", default: "1,4,16,64" },
    },
  });
  const engine = await benchEngine();
  const path = cachedBallast(BALLAST);
  await using direct = await startDirect(engine, path, [], SLOTS);
  const serve = ["--bin-dir", await testBinDir(), "--no-draft", "--parallel", String(SLOTS)];
  await using node = await startNode({ args: ["--model", path, ...serve] });
  await node.waitFor("serving");
  const through = { url: node.ready.api, apiKey: null };
  const figures: Figure[] = [];
  for (const callers of values.callers.split(",").map(Number)) {
    const requests = Math.max(callers, Number(values.requests));
    const load = { callers, requests, tokens: Number(values.tokens) };
    const sides = [direct, direct, through].map((side) => () => tokensPerSecond(side, load));
    const measured = await interleaved(Number(values.runs), sides, { pauseMs: PAUSE_MS });
    const some = figuresOf(load, measured);
    figures.push(...some);
    say(figureTable(some));
  }
  const swaps = await swapFigures(engine, await testBinDir(), Number(values.runs));
  figures.push(...swaps);
  say(figureTable(swaps));
  const what = `Measured on ${await machine()}. ${values.runs} turns, ${SLOTS} slots, answers of ` +
    `${values.tokens} tokens; no request failed.`;
  const title = "Requests of many callers (`deno task bench requests`)";
  await writeSection(title, `${what}\n\n${figureTable(figures)}`);
}

/** All callers ask again and again until all requests are answered. @throws where one is not. */
async function tokensPerSecond(
  side: Side,
  { callers, requests, tokens }: Load,
): Promise<number> {
  // llama-server closes a connection behind each streamed answer, just as the next request may be on its way there.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  let left = requests;
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: callers }, async (_, caller) => {
    while (left-- > 0) await answer(side, client, { caller, tokens });
  }));
  return requests * tokens / (performance.now() - startedMs) * 1_000;
}

async function answer(
  { url, apiKey }: Side,
  client: Deno.HttpClient,
  { caller, tokens }: { readonly caller: number; readonly tokens: number },
): Promise<void> {
  const init = {
    client,
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({
      prompt: `user ${caller}: what is a mesh?\nassistant: `,
      max_tokens: tokens,
      temperature: 0,
      ignore_eos: true,
      stream: true,
    }),
  };
  const response = await fetch(`${url}/v1/completions`, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  if (!text.includes("data: [DONE]")) throw new Error(`${url} broke off: ${text.slice(-200)}`);
}

function figuresOf(
  { callers, tokens }: Load,
  [base = [], control = [], node = []]: readonly (readonly number[])[],
): Figure[] {
  const ratios = (values: readonly number[]) =>
    values.map((value, index) => value / (base[index] ?? NaN));
  const interval = [0.05, 0.95].map((q) => quantile(ratios(control), q).toFixed(3)).join(" to ");
  const rate = (values: readonly number[]) => {
    const tokenRate = median(values);
    return `${tokenRate.toFixed(1)} tokens/s, ${(tokenRate / tokens).toFixed(2)} requests/s`;
  };
  const of = (values: readonly number[]) =>
    `${rate(values)} (${median(ratios(values)).toFixed(3)} of llama-server)`;
  const who = callers === 1 ? "1 caller" : `${callers} callers`;
  return [
    { name: `${who}: llama-server itself`, value: rate(base) },
    { name: `${who}: the same again, control`, value: of(control), aim: interval },
    { name: `${who}: through a node`, value: of(node), aim: interval },
  ];
}
