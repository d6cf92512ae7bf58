/**
 * `deno task bench rpc [--runs N] [--layers N] [--kills N] [--network]`: the savings and the cost of the tunnel. The
 * same split over two workers directly over TCP RPC and through the tunnel, with the file on the workers and without;
 * load times, bytes, tokens per second; then loads that are killed at random. All on loopback and in one process, which
 * is the least favourable place for the tunnel: the network costs nothing there, and the cores are shared. The cost of
 * each way alone, the wide lane and QUIC, is measured by the same load through a tunnel that understands nothing. With `--network` instead between
 * two network namespaces: rpc_network.ts.
 */

import { parseArgs } from "node:util";
import { testEngine } from "../../tests/support/engine.ts";
import { cachedRandomModel } from "../../tests/support/random_model.ts";
import { Llama } from "../../tests/tunnel/llama.ts";
import { MeshedLoad, tokensOf } from "../../tests/tunnel/weights/real_load.ts";
import { say } from "../run.ts";
import { machine, markdownTable, median } from "./figures.ts";
import { writeSection } from "./page.ts";
import {
  FIGURES,
  loads,
  measure,
  type Measured,
  measureWay,
  ms,
  prepareWay,
  rates,
  type Setting,
  TOKENS,
  type Way,
  WAYS,
} from "./rpc/ways.ts";
import { runInside, runNetwork } from "./rpc_network.ts";

const FLOOR =
  "The tunnel that understands nothing carries the same bytes over the same streams and does nothing else: " +
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
  await using stack = new AsyncDisposableStack();
  const ways: Way[] = [];
  for (const { connect } of WAYS) {
    ways.push(await prepareWay({ engine, modelPath, connect }, stack));
  }
  const direct: Measured[] = [];
  for (let round = 0; round < runs; round++) {
    direct.push(await measure(() => llama.llamaServer(modelPath, split)));
    for (const way of ways) await measureWay(way);
  }
  const all = [
    ...direct,
    ...ways.flatMap(({ meshed, piped, lacking }) => [
      ...meshed,
      ...piped,
      ...lacking.flatMap(({ first, second }) => [first, second]),
    ]),
  ];
  const same = new Set(all.map(({ tokens }) => tokens)).size === 1;
  const each = (value: string) => ways.map(() => value);
  const rows = [
    ["weights", ...each(`${(size / 1e6).toFixed(0)} MB`), ""],
    ["tokens are the same in all runs", ...each(same ? "yes" : "NO"), "yes"],
    ["load, direct", ...each(ms(median(loads(direct)))), ""],
    ["tokens per second, direct", ...each(median(rates(direct)).toFixed(1)), ""],
    ...FIGURES.map(({ name, value, aim = "" }) => [
      name,
      ...ways.map((way) => value(way, { direct, size })),
      aim,
    ]),
  ];
  return markdownTable(["figure", ...WAYS.map(({ name }) => name), "aim"], rows);
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
