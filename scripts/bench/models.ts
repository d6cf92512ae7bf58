/**
 * `deno task bench models [--runs N] [--tokens N]`: two models served side by side by one node, each asked through a host and
 * a client at the same time, beside the same two llama-servers by hand. Those are measured twice in each turn: as the thing
 * to beat, and as the control arm, which shows by how much the machine alone makes two equal sides differ.
 */

import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cachedBallast } from "../../tests/support/ballast.ts";
import { testBinDir, testEngine } from "../../tests/support/engine.ts";
import { startNode } from "../../tests/support/node_process.ts";
import { temporaryFolder } from "../../tests/support/program.ts";
import { say } from "../run.ts";
import { type Figure, figureTable, machine, median, quantile } from "./figures.ts";
import { writeSection } from "./page.ts";
import { type Direct, interleaved, startDirect, untilListed } from "./sides.ts";
import { tokensPerSecond } from "./token_rate.ts";

/** At least 10 ms a token on a core: two of them fill the machine, and what a node adds would show. */
const LAYERS = { one: 7, two: 8 } as const;
const SIZE_BYTES = 150_000_000;

const PAUSE_MS = 200;

interface Side {
  readonly url: string;
  readonly model: string;
  readonly apiKey?: string | null;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "20" },
      tokens: { type: "string", default: "30" },
    },
  });
  const engine = await testEngine();
  // `testEngine` has set that threads do not spin, and the node is told it below: spinning, two models make 5 to 100 tokens a
  // second by chance.
  await using folder = await temporaryFolder();
  const paths: string[] = [];
  for (const [name, layers] of Object.entries(LAYERS)) {
    const path = join(folder.path, `${name}.gguf`);
    await copyFile(cachedBallast({ layers, sizeBytes: SIZE_BYTES }), path);
    paths.push(path);
  }
  await using stack = new AsyncDisposableStack();
  const byHand: Direct[] = [];
  for (const path of paths) byHand.push(stack.use(await startDirect(engine, path, [])));
  const direct = byHand.map(({ url, apiKey }) => ({ url, apiKey, model: "direct" }));
  const serve = ["--bin-dir", await testBinDir(), "--no-draft"];
  const models = paths.flatMap((path) => ["--model", path]);
  const node = stack.use(
    await startNode({ args: [...models, ...serve], env: { OMP_WAIT_POLICY: "passive" } }),
  );
  const client = stack.use(await startNode({ args: ["--client", "--join", node.token] }));
  const names = Object.keys(LAYERS);
  for (const name of names) await untilListed(client, name);
  const through = ({ ready }: typeof node) => names.map((model) => ({ url: ready.api, model }));
  const tokens = Number(values.tokens);
  const sides = [direct, direct, through(node), through(client)];
  const [base = [], control = [], host = [], remote = []] = await interleaved(
    Number(values.runs),
    sides.map((side) => () => together(side, tokens)),
    { pauseMs: PAUSE_MS },
  );
  const figures = figuresOf({ base, control, host, client: remote });
  say(figureTable(figures));
  const what =
    `Measured on ${await machine()}. ${values.runs} turns, both models asked at once for ` +
    `${tokens} tokens; the sum of both rates.`;
  await writeSection(
    "Two models on one node (`deno task bench models`)",
    `${what}\n\n${figureTable(figures)}`,
  );
}

/** Both models at once: the sum of their rates. */
async function together(side: readonly Side[], tokens: number): Promise<number> {
  const rates = await Promise.all(
    side.map(({ url, model, apiKey = null }) => tokensPerSecond(url, { model, tokens, apiKey })),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}

function figuresOf(
  { base, control, host, client }: Readonly<
    Record<"base" | "control" | "host" | "client", number[]>
  >,
): Figure[] {
  const ratios = (values: readonly number[]) =>
    values.map((value, index) => value / (base[index] ?? NaN));
  const spread = (values: readonly number[]) =>
    [0.05, 0.95].map((q) => quantile(ratios(values), q).toFixed(3)).join(" to ");
  const of = (values: readonly number[]) =>
    `${median(values).toFixed(1)} tokens/s (${median(ratios(values)).toFixed(3)} of by hand)`;
  const interval = `${spread(control)} (the control's interval)`;
  return [
    { name: "two llama-servers by hand", value: `${median(base).toFixed(1)} tokens/s` },
    { name: "the same again: control", value: of(control), aim: interval },
    { name: "one node, through its API", value: of(host), aim: interval },
    { name: "one node, through a client", value: of(client), aim: interval },
  ];
}
