/**
 * `deno task bench main [--runs N] [--tokens N]`: what the program adds to llama.cpp itself. Start-up and
 * memory of the compiled executable; tokens per second of llama-server directly, through the local API and
 * through a client; a split directly over TCP RPC and through the mesh. Everything in turn, in one run.
 */

import { getLogger } from "@logtape/logtape";
import { parseArgs } from "node:util";
import { createSupervisor, type Engine, type SplitMember } from "../../src/engine/mod.ts";
import { cachedBallast } from "../../tests/support/ballast.ts";
import { compiledProgram } from "../../tests/support/compiled.ts";
import { testBinDir, testEngine } from "../../tests/support/engine.ts";
import { type NodeProcess, startNode } from "../../tests/support/node_process.ts";
import { temporaryFolder } from "../../tests/support/program.ts";
import { say } from "../run.ts";
import { type Figure, figureTable, machine, median, medianRatio } from "./figures.ts";
import { streamRate } from "./token_rate.ts";

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
  const engine = await testEngine();
  // Set for tests, where processes crowd: here all sides shall wait as llama.cpp does by itself.
  Deno.env.delete("OMP_WAIT_POLICY");
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
    () => streamRate(direct.url, { model: name, tokens, apiKey: direct.apiKey }),
    () => streamRate(node.ready.api, { model: name, tokens }),
    () => streamRate(client.ready.api, { model: name, tokens }),
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
    () => streamRate(direct.url, { model: name, tokens, apiKey: direct.apiKey }),
    () => streamRate(host.ready.api, { model: name, tokens }),
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

interface Direct extends AsyncDisposable {
  readonly url: string;
  readonly apiKey: string | null;
}

/** llama.cpp with the arguments that a node gives it, and no node. */
async function startDirect(
  engine: Engine,
  modelPath: string,
  shares: readonly number[],
): Promise<Direct> {
  const folder = await temporaryFolder();
  const logger = getLogger("bench");
  const supervisor = createSupervisor({ engine, dataDir: folder.path, logger });
  const split = await Promise.all(shares.map(async (share): Promise<SplitMember> => {
    const server = supervisor.launch({ kind: "rpc-server", modelPath: null }, { restart: false });
    return { rpcPort: await server.ready(), share };
  }));
  const server = supervisor.launch({
    kind: "llama-server",
    modelPath,
    modelName: "direct",
    contextLength: 2_048,
    split,
  }, { restart: false });
  const port = await server.ready();
  return {
    url: `http://127.0.0.1:${port}`,
    apiKey: server.apiKey,
    async [Symbol.asyncDispose]() {
      await supervisor.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type Measurement = () => Promise<{ readonly tokensPerSecond: number }>;

/** A B C, A B C, ...: each round under the same conditions; the first only warms up. */
async function interleaved(
  runs: number,
  measurements: readonly Measurement[],
): Promise<number[][]> {
  const results = measurements.map((): number[] => []);
  for (let round = 0; round <= runs; round++) {
    for (const [index, measure] of measurements.entries()) {
      const { tokensPerSecond } = await measure();
      if (round > 0) results[index]?.push(tokensPerSecond);
    }
  }
  return results;
}

function rate(values: readonly number[], base?: readonly number[]): string {
  const ratio = base === undefined ? "" : ` (${medianRatio(values, base).toFixed(3)} of direct)`;
  return `${median(values).toFixed(1)} tokens/s${ratio}`;
}

async function untilListed(client: NodeProcess, model: string): Promise<void> {
  const response = await fetch(`${client.ready.console}/api/events`);
  if (response.body === null) throw new Error("The client sends no events");
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes(`"name":"${model}"`) && text.includes(`"state":"warm"`)) return;
  }
}

async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", `${pid}`] })
    .output();
  return Number(new TextDecoder().decode(stdout)) * 1_024;
}
