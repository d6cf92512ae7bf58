/**
 * `deno task bench rpc [--runs N] [--layers N] [--kills N] [--network]`: the savings and the cost of the tunnel. The
 * same split over two workers directly over TCP RPC and through the tunnel, with the file on the workers and without;
 * load times, bytes, tokens per second; then loads that are killed at random. All on loopback and in one process, which
 * is the least favourable place for the tunnel: the network costs nothing there, and the cores are shared. The cost of
 * QUIC alone is measured by the same load through a tunnel that understands nothing. With `--network` instead between
 * two network namespaces: rpc_network.ts.
 */

import { parseArgs } from "node:util";
import type { Engine, ManagedServer } from "../../src/engine/mod.ts";
import { testEngine } from "../../tests/support/engine.ts";
import { cachedRandomModel } from "../../tests/support/random_model.ts";
import { Llama } from "../../tests/tunnel/llama.ts";
import {
  MeshedLoad,
  type MeshedLoadOptions,
  tokensOf,
} from "../../tests/tunnel/weights/real_load.ts";
import { say } from "../run.ts";
import { figureTable, machine, median, medianRatio } from "./figures.ts";
import { writeSection } from "./page.ts";
import { runInside, runNetwork } from "./rpc_network.ts";

interface Setting {
  readonly engine: Engine;
  readonly modelPath: string;
}

/** One load, and what was asked of it. */
interface Measured {
  readonly loadMs: number;
  readonly tokens: string;
  readonly tokensPerSecond: number;
}

const TOKENS = 40;

const FLOOR =
  "The tunnel that understands nothing carries the same bytes over the same QUIC streams and does nothing else: " +
  "where two cores do everything, no first load without the file can be much quicker than it.";

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "3" },
      layers: { type: "string", default: "14" },
      kills: { type: "string", default: "200" },
      network: { type: "boolean", default: false },
      inside: { type: "string" },
    },
  });
  if (values.inside !== undefined) return await runInside(values.inside);
  if (values.network) return await runNetwork();
  const setting = {
    engine: await testEngine(),
    modelPath: cachedRandomModel({ layers: Number(values.layers) }),
  };
  const table = await compare(setting, Number(values.runs));
  const kills = await killLoads(setting, Number(values.kills));
  const body =
    `${await machine()}; medians of ${values.runs} rounds.\n\n${table}\n\n${FLOOR}\n\n${kills}`;
  say(body);
  await writeSection("Zero-transfer weights", body);
}

async function compare({ engine, modelPath }: Setting, runs: number): Promise<string> {
  const { size } = await Deno.stat(modelPath);
  await using llama = await Llama.prepare(engine);
  const members = [llama.rpcServer(true), llama.rpcServer(true)];
  const split = await Promise.all(
    members.map(async (member) => ({ rpcPort: await member.ready(), share: 0.5 })),
  );
  const files = [modelPath];
  await using having = await MeshedLoad.start({ engine, modelPath, workers: [files, files] });
  const none = { engine, modelPath, workers: [[], []] };
  await using pipe = await MeshedLoad.start({ ...none, understood: false });
  const direct: Measured[] = [];
  const meshed: Measured[] = [];
  const piped: Measured[] = [];
  const lacking: Lacking[] = [];
  for (let round = 0; round < runs; round++) {
    direct.push(await measure(() => llama.llamaServer(modelPath, split)));
    meshed.push(await measure(() => having.launch()));
    piped.push(await measure(() => pipe.launch()));
    lacking.push(await measureLacking(none));
  }
  const firsts = lacking.map(({ first }) => first);
  const all = [...direct, ...meshed, ...piped, ...firsts, ...lacking.map(({ second }) => second)];
  const same = new Set(all.map(({ tokens }) => tokens)).size === 1;
  const loads = (measured: readonly Measured[]) => measured.map(({ loadMs }) => loadMs);
  const rates = (measured: readonly Measured[]) => measured.map((one) => one.tokensPerSecond);
  return figureTable([
    { name: "weights", value: `${(size / 1e6).toFixed(0)} MB` },
    { name: "tokens are the same in all runs", value: same ? "yes" : "NO", aim: "yes" },
    { name: "load, direct", value: ms(median(loads(direct))) },
    { name: "load, workers have the file", value: ms(median(loads(meshed))) },
    { name: "ratio", value: ratio(medianRatio(loads(meshed), loads(direct))), aim: "<= 1.3" },
    {
      name: "bytes sent of weights saved",
      value: percent(having.sent() / having.saved()),
      aim: "<= 1 %",
    },
    {
      name: "all bytes through a tunnel that understands nothing, of direct",
      value: ratio(medianRatio(loads(piped), loads(direct))),
    },
    {
      name: "first load without the file, of direct",
      value: ratio(medianRatio(loads(firsts), loads(direct))),
      aim: "<= 1.3",
    },
    {
      name: "the same, of the tunnel that understands nothing",
      value: ratio(medianRatio(loads(firsts), loads(piped))),
    },
    {
      name: "bytes sent by its second load",
      value: percent(Math.max(...lacking.map(({ sentAgain }) => sentAgain)) / size),
      aim: "<= 1 %",
    },
    { name: "tokens per second, direct", value: median(rates(direct)).toFixed(1) },
    {
      name: "tokens per second, through the tunnel",
      value: ratio(medianRatio(rates(meshed), rates(direct))),
      aim: ">= 0.95",
    },
  ]);
}

/** Both loads of workers that have nothing. */
interface Lacking {
  readonly first: Measured;
  readonly second: Measured;
  /** By the second. */
  readonly sentAgain: number;
}

async function measureLacking(options: MeshedLoadOptions): Promise<Lacking> {
  await using load = await MeshedLoad.start(options);
  const first = await measure(() => load.launch());
  const sentFirst = load.sent();
  const second = await measure(() => load.launch());
  return { first, second, sentAgain: load.sent() - sentFirst };
}

async function measure(launch: () => ManagedServer): Promise<Measured> {
  const startedMs = performance.now();
  const server = launch();
  await server.ready();
  const loadMs = performance.now() - startedMs;
  await tokensOf(server, 2);
  const askedMs = performance.now();
  const tokens = await tokensOf(server, TOKENS);
  const tokensPerSecond = TOKENS / (performance.now() - askedMs) * 1_000;
  await server.stop();
  return { loadMs, tokens: tokens.join(), tokensPerSecond };
}

/** Kills llama-server at random times of its load, then looks whether a clean load says the same. */
async function killLoads({ engine, modelPath }: Setting, kills: number): Promise<string> {
  await using load = await MeshedLoad.start({ engine, modelPath, workers: [[modelPath], []] });
  const { size } = await Deno.stat(modelPath);
  for (let round = 0; round < kills; round++) {
    const enough = load.moved() + load.saved() + Math.random() * 0.9 * size;
    const killed = load.launch();
    killed.ready().catch(() => {});
    while (killed.state.kind !== "failed" && load.moved() + load.saved() < enough) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (killed.pid !== null) Deno.kill(killed.pid, "SIGKILL");
    await killed.stop();
  }
  const server = await load.serve();
  const tokens = await tokensOf(server, TOKENS);
  await server.stop();
  await Promise.all(load.tunnels.map((tunnels) => tunnels.stop()));
  const streams = load.counts.snapshot().reduce((sum, one) => sum + one.streams, 0);
  const parts = (await load.stored(1)).filter((name) => name.endsWith(".part")).length;
  return `${kills} loads killed, then a clean one of ${tokens.length} tokens; ` +
    `left behind: ${streams} streams, ${parts} half-written entries.`;
}

const ms = (value: number) => `${value.toFixed(0)} ms`;
const ratio = (value: number) => value.toFixed(2);
const percent = (value: number) => `${(value * 100).toFixed(3)} %`;
