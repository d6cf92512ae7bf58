/**
 * `deno task bench main [--runs N] [--tokens N]`: what the program adds to llama.cpp itself. Start-up and
 * memory of the compiled executable; tokens per second of llama-server directly, through the local API and
 * through a client; a split directly over TCP RPC and through the mesh. Everything in turn, in one run.
 */

import { parseArgs } from "node:util";
import type { Engine } from "../../src/engine/mod.ts";
import { cachedBallast } from "../../tests/support/ballast.ts";
import { compiledProgram } from "../../tests/support/compiled.ts";
import { testBinDir } from "../../tests/support/engine.ts";
import { startNode } from "../../tests/support/node_process.ts";
import { say } from "../run.ts";
import { type Figure, figureTable, machine, median, medianRatio } from "./figures.ts";
import { benchEngine, interleaved, startDirect, untilListed } from "./sides.ts";
import { tokensPerSecond } from "./token_rate.ts";

interface Setting {
  readonly compiled: string;
  readonly binDir: string;
  readonly engine: Engine;
  readonly runs: number;
  readonly tokens: number;
}

/** At least 20 ms a token on 2 cores, as the aims ask for. */
const BALLAST = { layers: 10, sizeBytes: 200_000_000 } as const;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "5" },
      tokens: { type: "string", default: "60" },
    },
  });
  const compiled = await compiledProgram();
  if (compiled.path === null) throw new Error(compiled.reason);
  const engine = await benchEngine();
  const setting: Setting = {
    compiled: compiled.path,
    binDir: await testBinDir(),
    engine,
    runs: Number(values.runs),
    tokens: Number(values.tokens),
  };
  const figures = [
    ...await startFigures(setting),
    ...await soloFigures(setting, cachedBallast(BALLAST), "ballast"),
    ...await soloFigures(setting, null, "bare guide"),
    ...await splitFigures(setting, cachedBallast(BALLAST)),
  ];
  say(`${await machine()}\n\n${figureTable(figures)}`);
}

async function startFigures({ compiled, binDir, runs }: Setting): Promise<Figure[]> {
  const versionMs: number[] = [];
  const readyMs: number[] = [];
  const residentMb: number[] = [];
  for (let index = 0; index <= runs; index++) {
    const startedMs = performance.now();
    await new Deno.Command(compiled, { args: ["--version"], stdin: "null" }).output();
    const versionEndMs = performance.now();
    await using node = await startNode({
      compiled,
      args: ["--model", "guide", "--bin-dir", binDir],
    });
    if (index === 0) continue; // warms the file cache
    readyMs.push(performance.now() - versionEndMs);
    versionMs.push(versionEndMs - startedMs);
    await node.serving("guide");
    residentMb.push(await residentBytes(node.pid) / 1e6);
  }
  const { size } = await Deno.stat(compiled);
  return [
    { name: "executable", value: `${(size / 1e6).toFixed(0)} MB` },
    { name: "`--version`", value: `${median(versionMs).toFixed(0)} ms`, aim: "<= 100 ms" },
    {
      name: "start to `ready`, new data directory",
      value: `${median(readyMs).toFixed(0)} ms`,
      aim: "<= 800 ms",
    },
    { name: "RSS of an idle node", value: `${median(residentMb).toFixed(0)} MB`, aim: "<= 160 MB" },
  ];
}

async function soloFigures(
  setting: Setting,
  model: string | null,
  label: string,
): Promise<Figure[]> {
  const { compiled, binDir, engine, runs, tokens } = setting;
  await using node = await startNode({
    compiled,
    args: ["--model", model ?? "guide", "--bin-dir", binDir],
  });
  const name = String((await node.waitFor("serving")).model);
  await using client = await startNode({ compiled, args: ["--client", "--join", node.token] });
  await untilListed(client, name);
  await using direct = await startDirect(engine, model ?? `${node.dataDir}/models/guide.gguf`, []);
  const rates = await interleaved(runs, [
    () => tokensPerSecond(direct.url, { model: name, tokens, apiKey: direct.apiKey }),
    () => tokensPerSecond(node.ready.api, { model: name, tokens }),
    () => tokensPerSecond(client.ready.api, { model: name, tokens }),
  ]);
  const [base = [], local = [], remote = []] = rates;
  const aim = label === "ballast" ? ">= 0.98 of direct" : "";
  return [
    { name: `${label}: llama-server directly`, value: rate(base) },
    { name: `${label}: through the local API`, value: rate(local, base), aim },
    { name: `${label}: through a client node`, value: rate(remote, base), aim },
  ];
}

async function splitFigures(setting: Setting, model: string): Promise<Figure[]> {
  const { compiled, binDir, engine, runs, tokens } = setting;
  const program = { compiled };
  const serve = ["--model", model, "--split", "--max-vram", "2", "--bin-dir", binDir];
  await using host = await startNode({ ...program, args: serve });
  const name = String((await host.waitFor("serving")).model);
  const since = host.lines.length;
  await using _worker = await startNode({
    ...program,
    args: ["--join", host.token, "--max-vram", "2", "--bin-dir", binDir],
  });
  await host.serving(name, { since, timeoutMs: 60_000 });
  await using direct = await startDirect(engine, model, [0.5, 0.5]);
  const [base = [], mesh = []] = await interleaved(runs, [
    () => tokensPerSecond(direct.url, { model: name, tokens, apiKey: direct.apiKey }),
    () => tokensPerSecond(host.ready.api, { model: name, tokens }),
  ]);
  return [
    { name: "split of ballast directly over TCP RPC", value: rate(base) },
    {
      name: "split of ballast through the mesh",
      value: rate(mesh, base),
      aim: ">= 0.95 of direct",
    },
  ];
}

function rate(values: readonly number[], base?: readonly number[]): string {
  const ratio = base === undefined ? "" : ` (${medianRatio(values, base).toFixed(3)} of direct)`;
  return `${median(values).toFixed(1)} tokens/s${ratio}`;
}

async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", `${pid}`] })
    .output();
  return Number(new TextDecoder().decode(stdout)) * 1_024;
}
