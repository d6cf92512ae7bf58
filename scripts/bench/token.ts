/**
 * `deno task bench token [--rounds N] [--tokens N] [--links 0.2,2,20] [--computing 5,10] [--trace] [--save] [--round-trip]`: what
 * the tunnel adds to a token of a split. Two network namespaces with a link of some delay between them, a core for each; the rpc-server in
 * one of them computes all layers. The same llama-server reaches it directly, through two plain relays over TCP and over
 * TLS, and through two nodes, in turns, with a second direct way as the control. With `--round-trip` instead what it adds to
 * a single question to an rpc-server.
 */

import { parseArgs } from "node:util";
import { cachedBallast } from "../../tests/support/ballast.ts";
import { temporaryFolder } from "../../tests/support/program.ts";
import { say } from "../run.ts";
import { machine, markdownTable, median, medianDifference, medianRatio } from "./figures.ts";
import { writeSection } from "./page.ts";
import { benchEngine } from "./sides.ts";
import { layDelayLink } from "./token/delay_link.ts";
import { rpcRoundTrips } from "./token/rpc_round_trip.ts";
import { cpuMs, type Work, workOf, workSince } from "./token/threads.ts";
import { traceToken } from "./token/trace.ts";
import { directWay, meshWay, type Place, pumpedWay, type Way } from "./token/ways.ts";

/** Ballast whose token takes about so many milliseconds on one core. */
const SIZES: Readonly<Record<string, { layers: number; sizeBytes: number }>> = {
  "5": { layers: 4, sizeBytes: 25_000_000 },
  "10": { layers: 4, sizeBytes: 55_000_000 },
};

interface Turn {
  readonly tokenMs: number;
  readonly host: Work;
  readonly worker: Work;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "12" },
      tokens: { type: "string", default: "60" },
      links: { type: "string", default: "0.2,2,20" },
      computing: { type: "string", default: "5,10" },
      ways: { type: "string", default: "tcp,tls,mesh" },
      trace: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
      "round-trip": { type: "boolean", default: false },
    },
  });
  const [rounds, tokens] = [Number(values.rounds), Number(values.tokens)];
  const engine = await benchEngine();
  if (values["round-trip"]) return say(await rpcRoundTrips(engine, rounds));
  await using folder = await temporaryFolder();
  const rows: string[][] = [];
  for (const delay of values.links.split(",")) {
    await using link = await layDelayLink(Number(delay));
    for (const computing of values.computing.split(",")) {
      const modelPath = cachedBallast(SIZES[computing]!);
      const place = { link, engine, modelPath, folder: folder.path };
      if (values.trace) {
        say(await traceToken(place, 10 * tokens));
        continue;
      }
      const some = await measure(place, values.ways.split(","), { rounds, tokens });
      rows.push(...some.map((row) => [`${delay} ms, ${computing} ms`, ...row]));
      say(markdownTable(HEAD, rows));
    }
  }
  if (!values.save) return;
  const what = `Measured on ${await machine()}; ${rounds} turns of ${tokens} tokens.`;
  await writeSection(
    "A token of a split (`deno task bench token`)",
    `${what}\n\n${markdownTable(HEAD, rows)}`,
  );
}

/** So many until V8 has compiled what is used for a token. */
const WARM_UP_TOKENS = 400;

const HEAD = [
  "link, computing",
  "way",
  "a token",
  "more than direct",
  "tokens/s of direct",
  "CPU at the host",
  "CPU at the worker",
];

async function measure(
  place: Place,
  chosen: readonly string[],
  { rounds, tokens }: { readonly rounds: number; readonly tokens: number },
): Promise<string[][]> {
  await using stack = new AsyncDisposableStack();
  const direct = await directWay(place, stack);
  const ways = [direct, { ...direct, name: "direct again: control" }];
  for (const how of chosen) {
    if (how === "mesh") ways.push(await meshWay(place, stack));
    if (how === "tcp" || how === "tls") ways.push(await pumpedWay(place, how, stack));
  }
  const turns = ways.map((): Turn[] => []);
  for (const way of ways) await way.tokenMs(WARM_UP_TOKENS);
  for (let round = 0; round < rounds; round++) {
    for (const [index, way] of ways.entries()) turns[index]!.push(await turn(way, tokens));
  }
  return ways.map((way, index) => [way.name, ...figures(turns[index]!, turns[0]!)]);
}

async function turn({ host, worker, tokenMs }: Way, tokens: number): Promise<Turn> {
  const [hostBefore, workerBefore] = [await maybeWork(host), await maybeWork(worker)];
  const measured = await tokenMs(tokens);
  return {
    tokenMs: measured,
    host: workSince(hostBefore, await maybeWork(host), tokens),
    worker: workSince(workerBefore, await maybeWork(worker), tokens),
  };
}

async function maybeWork(process: Way["host"]): Promise<Work> {
  return process === null ? new Map() : await workOf(process.pid);
}

function figures(turns: readonly Turn[], direct: readonly Turn[]): string[] {
  const times = turns.map(({ tokenMs }) => tokenMs);
  const base = direct.map(({ tokenMs }) => tokenMs);
  const rates = (values: readonly number[]) => values.map((value) => 1 / value);
  const cpu = (side: "host" | "worker") => median(turns.map((one) => cpuMs(one[side])));
  const milliseconds = (value: number) => `${value.toFixed(2)} ms`;
  return [
    milliseconds(median(times)),
    milliseconds(medianDifference(times, base)),
    medianRatio(rates(times), rates(base)).toFixed(3),
    milliseconds(cpu("host")),
    milliseconds(cpu("worker")),
  ];
}
