/**
 * `deno task bench prompt [--rates 1gbit,100mbit] [--sizes 128,256,512,1024,2048] [--rounds N] [--tokens N] [--mesh]
 * `: what a prompt costs in a split of two, by the tokens that are computed at once. Two network namespaces,
 * a core for each, half of the layers on either side; stock llama.cpp, and with `--mesh` two nodes.
 */

import { parseArgs } from "node:util";
import { temporaryFolder } from "../../tests/support/program.ts";
import { cachedRandomModel } from "../../tests/support/random_model.ts";
import { complain, say } from "../run.ts";
import { machine, markdownTable, median } from "./figures.ts";
import { layCable } from "./namespaces.ts";
import { directPrompt, meshPrompt, type Place, type PromptWay } from "./prompt/ways.ts";
import { benchEngine } from "./sides.ts";

/** Small, for a core computes a prompt of it within seconds; its activations are an eighth as wide as those of 8B. */
const MODEL = { layers: 2, embedding: 512, width: 512, trained: 8_192 } as const;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rates: { type: "string", default: "1gbit,100mbit" },
      sizes: { type: "string", default: "128,256,512,1024,2048" },
      rounds: { type: "string", default: "3" },
      tokens: { type: "string", default: "4000" },
      mesh: { type: "boolean", default: false },
    },
  });
  const engine = await benchEngine();
  const modelPath = cachedRandomModel(MODEL);
  const sizes = values.sizes.split(",").map(Number);
  await using folder = await temporaryFolder();
  const rows: string[][] = [];
  for (const rate of values.rates.split(",")) {
    await using cable = await layCable(rate);
    const place = { link: cable, engine, modelPath, folder: folder.path };
    const measured = await measure(place, values.mesh ? meshPrompt : directPrompt, {
      sizes,
      rounds: Number(values.rounds),
      tokens: Number(values.tokens),
    });
    rows.push([rate, ...measured.map((times) => `${(median(times) / 1_000).toFixed(2)} s`)]);
    say(markdownTable(["link", ...sizes.map(String)], rows));
  }
  const way = values.mesh ? "through two nodes" : "llama.cpp alone";
  say(`${await machine()}; ${values.tokens} tokens, ${way}, medians of ${values.rounds}.`);
}

interface Extent {
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly tokens: number;
}

/** All sizes are loaded at the same time and asked in turns, where one machine's memory holds them. */
async function measure(
  place: Place,
  start: PromptWay,
  { sizes, rounds, tokens }: Extent,
): Promise<number[][]> {
  await using stack = new AsyncDisposableStack();
  const ways = [];
  for (const size of sizes) ways.push(await start(place, size, stack));
  const times = sizes.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, promptMs] of ways.entries()) {
      const took = await promptMs(round === 0 ? 64 : tokens);
      if (round === 0) continue;
      times[index]!.push(took);
      complain(`${sizes[index]} at once: ${took.toFixed(0)} ms`);
    }
  }
  return times;
}
