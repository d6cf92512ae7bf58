/**
 * The time from a request to the first token of its answer, where its model takes the place of another one, against the
 * time that a llama-server by itself takes from its launch to the same token.
 */

import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Engine } from "../../src/engine/mod.ts";
import { leastBytes, openLibrary } from "../../src/models/mod.ts";
import { YIELD_IDLE_MS } from "../../src/node/plan/defaults.ts";
import { GUIDE } from "../../tests/models/sample_gguf.ts";
import { cachedBallast } from "../../tests/support/ballast.ts";
import { type NodeProcess, startNode } from "../../tests/support/node_process.ts";
import { temporaryFolder } from "../../tests/support/program.ts";
import { type Figure, median, medianRatio, quantile } from "./figures.ts";
import { interleaved, startDirect } from "./sides.ts";

/** Large enough that its load is more than the start of a process. */
const BALLAST = { layers: 7, sizeBytes: 1_000_000_000 } as const;

/** One may not have more than the other by a rounding. */
const SLACK_BYTES = 10_000_000;

const AUTO = { contextLength: null, slots: null };

interface Side {
  readonly url: string;
  readonly apiKey: string | null;
}

export async function swapFigures(
  engine: Engine,
  binDir: string,
  runs: number,
): Promise<Figure[]> {
  const paths = [1, 2].map((seed) => cachedBallast({ ...BALLAST, seed })) as [string, string];
  await using folder = await temporaryFolder();
  for (const path of paths) await Deno.symlink(path, join(folder.path, basename(path)));
  await using node = await startOne(folder.path, paths[0], binDir);
  const swap = swapping(node, paths.map((path) => basename(path, ".gguf")));
  await swap();
  const alone = () => loadMs(engine, paths[0]);
  const measured = await interleaved(runs, [alone, alone, swap]);
  const [base = [], control = [], swaps = []] = measured;
  const ratios = control.map((value, index) => value / (base[index] ?? NaN));
  const interval = [0.05, 0.95].map((q) => quantile(ratios, q).toFixed(3)).join(" to ");
  const of = (values: readonly number[]) =>
    `${median(values).toFixed(0)} ms (${medianRatio(values, base).toFixed(3)} of llama-server)`;
  return [
    {
      name: "load: llama-server itself, to its first token",
      value: `${median(base).toFixed(0)} ms`,
    },
    { name: "load: the same again, control", value: of(control), aim: interval },
    { name: "swap: a request in place of another model", value: of(swaps), aim: "<= 1.15" },
  ];
}

/** A node with memory for one of them beside the guide. */
async function startOne(folder: string, path: string, binDir: string): Promise<NodeProcess> {
  const library = openLibrary({ modelsDir: null, dataDir: dirname(path), home: null });
  const needs = await Promise.all([GUIDE, path].map(async (one) => {
    const model = await library.resolve(one);
    return leastBytes(model, AUTO);
  }));
  const bytes = needs.reduce((sum, need) => sum + need, SLACK_BYTES);
  const offer = ["--max-vram", String(bytes / 1e9)];
  return await startNode({
    args: ["console", "--models-dir", folder, ...offer, "--no-draft", "--bin-dir", binDir],
  });
}

/** Each time the model that is not loaded is asked, once the other one may give way. */
function swapping(node: NodeProcess, models: readonly string[]): () => Promise<number> {
  let next = 0;
  return async () => {
    await delay(2 * YIELD_IDLE_MS);
    const model = models[next++ % models.length] ?? "";
    return await firstTokenMs({ url: node.ready.api, apiKey: null }, model);
  };
}

async function loadMs(engine: Engine, path: string): Promise<number> {
  const startedMs = performance.now();
  await using direct = await startDirect(engine, path, []);
  await firstTokenMs(direct, "direct");
  return performance.now() - startedMs;
}

/** @throws where it does not answer. */
async function firstTokenMs({ url, apiKey }: Side, model: string): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({ model, prompt: "a mesh", max_tokens: 1, temperature: 0 }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return performance.now() - startedMs;
}
