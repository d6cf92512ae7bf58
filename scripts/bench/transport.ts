/**
 * `deno task bench transport [--rounds N] [--ms N] [--write]`: our QUIC transport beside the stock one, a raw
 * native stream, plain TCP, and a relay TCP - QUIC - TCP. Both ends are processes of their own; the links take
 * turns in every round, since the machine is seldom the same for two minutes. `--write` puts the table into
 * docs/benchmarks.md.
 */

import { parseArgs } from "node:util";
import { complain, say } from "../run.ts";
import { machine, markdownTable, median, quantile } from "./figures.ts";
import { writeSection } from "./page.ts";
import { startProcess } from "./measuring_process.ts";
import type { LinkName } from "./transport/links.ts";
import type { DialReport, Scenario, Use } from "./transport/peer.ts";

const LINKS: readonly LinkName[] = ["tcp", "raw", "stock", "small", "ours", "lane", "relay"];
const TITLE = "Transport (`deno task bench transport`)";
const SLOW_READER_MS = 4_000;
const BYTES_PER_MB = 1e6;

export interface Outcome {
  readonly values: readonly number[];
  readonly dialler: Use;
  readonly listener: Use;
}

interface Plan {
  readonly scenario: Scenario;
  readonly links: readonly LinkName[];
  readonly ms: number;
  readonly rounds: number;
}

type Outcomes = ReadonlyMap<string, readonly Outcome[]>;

interface Measured {
  readonly outcomes: Outcomes;
  readonly floodedMs: readonly number[];
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "7" },
      ms: { type: "string", default: "1500" },
      write: { type: "boolean", default: false },
    },
  });
  const outcomes = await measureAll(plans(Number(values.rounds), Number(values.ms)));
  const floodedMs = await measureFlood();
  const report = await renderReport({ outcomes, floodedMs }, Number(values.rounds));
  say(report);
  if (values.write) await writeSection(TITLE, report);
}

function plans(rounds: number, ms: number): Plan[] {
  const once = { rounds: 1, ms: SLOW_READER_MS };
  return [
    { scenario: "one-stream", links: LINKS, ms, rounds },
    { scenario: "eight-streams", links: LINKS, ms, rounds },
    { scenario: "round-trip", links: LINKS, ms, rounds },
    { scenario: "round-trip-beside", links: LINKS, ms, rounds },
    { scenario: "slow-reader", links: ["raw", "stock", "ours", "lane", "relay"], ...once },
    { scenario: "short-streams", links: ["ours"], ...once },
  ];
}

async function measureAll(all: readonly Plan[]): Promise<Outcomes> {
  const outcomes = new Map<string, Outcome[]>();
  for (const { scenario, links, ms, rounds } of all) {
    for (let round = 1; round <= rounds; round++) {
      complain(`${scenario}: round ${round} of ${rounds}`);
      for (const link of links) {
        const key = `${scenario} ${link}`;
        outcomes.set(key, [...outcomes.get(key) ?? [], await measure(link, scenario, ms)]);
      }
    }
  }
  return outcomes;
}

export async function measure(link: LinkName, scenario: Scenario, ms: number): Promise<Outcome> {
  await using listener = startPeer(["listen", link]);
  const address = JSON.parse(await listener.nextLine()) as string;
  await using dialler = startPeer(["dial", link, address, scenario, String(ms)]);
  await dialler.nextLine();
  await listener.write("warm");
  const report = JSON.parse(await dialler.nextLine()) as DialReport;
  await listener.write("done");
  const use = JSON.parse(await listener.nextLine()) as Use;
  return { values: report.values, dialler: report.use, listener: use };
}

/** Dials beside a flood of handshakes that never finish. */
async function measureFlood(): Promise<number[]> {
  complain("flood");
  await using flooded = startProcess("scripts/bench/transport/flooded.ts", []);
  return JSON.parse(await flooded.nextLine()) as number[];
}

function startPeer(args: readonly string[]) {
  return startProcess("scripts/bench/transport/peer.ts", args);
}

async function renderReport({ outcomes, floodedMs }: Measured, rounds: number): Promise<string> {
  const columns = LINKS.map((link) => ({ link, title: TITLES[link] }));
  const rows = ROWS.map(({ title, scenario, figure, digits }) => [
    title,
    ...columns.map(({ link }) => {
      const value = median((outcomes.get(`${scenario} ${link}`) ?? []).map(figure));
      return Number.isNaN(value) ? "" : value.toFixed(digits);
    }),
  ]);
  const table = markdownTable(["", ...columns.map(({ title }) => title)], rows);
  const what = `Measured on ${await machine()}, loopback, both ends in processes of their own: ` +
    `medians of ${rounds} rounds, the links taking turns.`;
  return `${what}\n\n${table}\n\n${ratios({ outcomes, floodedMs })}`;
}

export const TITLES: Readonly<Record<LinkName, string>> = {
  tcp: "TCP",
  raw: "raw native stream",
  stock: "stock transport",
  small: "ours, the system's receive buffer",
  ours: "our transport",
  lane: "wide lane",
  relay: "relay TCP-QUIC-TCP",
  pipe: "over two pipes",
  plainPipe: "over two pipes, Deno's sockets",
  carried: "over a relay",
};

interface Row {
  readonly title: string;
  readonly scenario: Scenario;
  readonly figure: (outcome: Outcome) => number;
  readonly digits: number;
}

export const megabytes = ({ values }: Outcome) => (values[0] ?? NaN) / BYTES_PER_MB;
const peakMb = (use: Use) => use.peakBytes / BYTES_PER_MB;
const growthMb = (use: Use) => (use.peakBytes - use.startBytes) / BYTES_PER_MB;
const lastingMb = (use: Use) => (use.endBytes - use.startBytes) / BYTES_PER_MB;

const ROWS: readonly Row[] = [
  { title: "one stream, MB/s", scenario: "one-stream", figure: megabytes, digits: 0 },
  { title: "eight streams, MB/s", scenario: "eight-streams", figure: megabytes, digits: 0 },
  ...percentiles("round trip", "round-trip"),
  ...percentiles("round trip beside a full stream", "round-trip-beside"),
  ...memory("peak RSS of the sender", "one-stream", (outcome) => peakMb(outcome.dialler)),
  ...memory("peak RSS of the receiver", "one-stream", (outcome) => peakMb(outcome.listener)),
  ...memory("sender's growth, receiver at 1 MB/s", "slow-reader", (one) => growthMb(one.dialler)),
  ...memory("receiver's growth at 1 MB/s", "slow-reader", (one) => growthMb(one.listener)),
  ...memory(
    "opener's growth over 10,000 streams",
    "short-streams",
    (one) => lastingMb(one.dialler),
  ),
  ...memory("the other end's", "short-streams", (one) => lastingMb(one.listener)),
];

function percentiles(title: string, scenario: Scenario): Row[] {
  return [
    {
      title: `${title} p50, ms`,
      scenario,
      figure: ({ values }) => quantile(values, 0.5),
      digits: 3,
    },
    {
      title: `${title} p99, ms`,
      scenario,
      figure: ({ values }) => quantile(values, 0.99),
      digits: 3,
    },
  ];
}

function memory(title: string, scenario: Scenario, figure: Row["figure"]): Row[] {
  return [{ title: `${title}, MB`, scenario, figure, digits: 0 }];
}

/** The aims and the results. A ratio is the median of the rounds' own: both ran within seconds. */
function ratios({ outcomes, floodedMs }: Measured): string {
  const all = (scenario: Scenario, link: LinkName) => outcomes.get(`${scenario} ${link}`) ?? [];
  const ratio = (scenario: Scenario, of: LinkName, to: LinkName) => {
    const base = all(scenario, to);
    return median(all(scenario, of).map((one, round) => megabytes(one) / megabytes(base[round]!)));
  };
  const at = (scenario: Scenario, link: LinkName, q: number) =>
    median(all(scenario, link).map(({ values }) => quantile(values, q)));
  const worst = (scenario: Scenario, growth: (use: Use) => number) =>
    Math.max(...all(scenario, "ours").flatMap((one) => [one.dialler, one.listener].map(growth)));
  const extra = at("round-trip", "ours", 0.5) - at("round-trip", "raw", 0.5);
  return markdownTable(["must reach", "wanted", "measured"], [
    ["one stream / stock transport", ">= 3.5", ratio("one-stream", "ours", "stock").toFixed(2)],
    ["eight streams / stock transport", "", ratio("eight-streams", "ours", "stock").toFixed(2)],
    [
      "one stream / the system's receive buffer",
      "",
      ratio("one-stream", "ours", "small").toFixed(2),
    ],
    [
      "eight streams / the system's receive buffer",
      "",
      ratio("eight-streams", "ours", "small").toFixed(2),
    ],
    ["one stream / raw native stream", ">= 0.75", ratio("one-stream", "ours", "raw").toFixed(2)],
    ["eight streams / raw native stream", "", ratio("eight-streams", "ours", "raw").toFixed(2)],
    [
      "wide lane, one stream / our transport",
      ">= 3",
      ratio("one-stream", "lane", "ours").toFixed(2),
    ],
    [
      "wide lane's round trip p50 over TCP's, ms",
      "<= 0.15",
      (at("round-trip", "lane", 0.5) - at("round-trip", "tcp", 0.5)).toFixed(3),
    ],
    ["relay / raw native stream", ">= 0.6", ratio("one-stream", "relay", "raw").toFixed(2)],
    ["relay's round trip p50, ms", "<= 0.5", at("round-trip", "relay", 0.5).toFixed(3)],
    ["round trip p50 over the raw stream's, ms", "<= 0.1", extra.toFixed(3)],
    [
      "p99 beside a full stream, ms",
      "<= 20",
      at("round-trip-beside", "ours", 0.99).toFixed(1),
    ],
    ["a dial beside 512 handshakes that hang, ms", "<= 1000", Math.max(...floodedMs).toFixed(0)],
    ["growth for a slow reader, MB", "<= 32", worst("slow-reader", growthMb).toFixed(0)],
    ["growth over 10,000 short streams, MB", "none", worst("short-streams", lastingMb).toFixed(0)],
  ]);
}
