/**
 * `deno task bench reach [--rounds N] [--ms N] [--pairs N] [--write]`: our transport by itself, over two pipes, as between
 * nodes that can't dial each other, by the system's calls and by Deno's sockets, and over a relay. Both ends and the relay
 * are processes of their own; the links take turns in every round. Then two machines behind two routers meet, again and
 * again. `--write` puts the tables into docs/benchmarks.md.
 */

import { parseArgs } from "node:util";
import { complain, say } from "../run.ts";
import { machine, markdownTable, median, quantile } from "./figures.ts";
import { writeSection } from "./page.ts";
import type { Joined } from "./reach/home.ts";
import { meetAnew } from "./reach/fresh_pairs.ts";
import { measure, megabytes, type Outcome, TITLES } from "./transport.ts";
import type { LinkName } from "./transport/links.ts";

const TITLE = "Reach (`deno task bench reach`)";
const LINKS: readonly LinkName[] = ["ours", "pipe", "plainPipe", "carried"];

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      ms: { type: "string", default: "1500" },
      pairs: { type: "string", default: "9" },
      write: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds);
  const ms = Number(values.ms);
  const measured = await measureAll(rounds, ms);
  complain("pairs that have never met");
  const report = render(measured, { ms, pairs: await meetAnew(Number(values.pairs)) });
  const intro = `Measured on ${await machine()}, loopback, both ends in processes of their own: ` +
    `medians of ${rounds} rounds, the links taking turns.`;
  say(report);
  if (values.write) await writeSection(TITLE, `${intro}\n\n${report}`);
}

interface Round {
  readonly full: Outcome;
  readonly echo: Outcome;
}

/** Or why there can be no routers. */
type Pairs = readonly Joined[] | { readonly reason: string };

type Rounds = ReadonlyMap<LinkName, readonly Round[]>;

async function measureAll(count: number, ms: number): Promise<Rounds> {
  const rounds = new Map<LinkName, Round[]>(LINKS.map((link) => [link, []]));
  for (let round = 1; round <= count; round++) {
    complain(`round ${round} of ${count}`);
    for (const link of LINKS) {
      const full = await measure(link, "one-stream", ms);
      const echo = await measure(link, "round-trip", ms);
      rounds.get(link)!.push({ full, echo });
    }
  }
  return rounds;
}

interface Others {
  /** Of each measurement of speed. */
  readonly ms: number;
  readonly pairs: Pairs;
}

/** A ratio and a difference are medians of the rounds' own: all links ran within seconds. */
function render(rounds: Rounds, { ms, pairs }: Others): string {
  const of = (link: LinkName) => rounds.get(link)!;
  const speed = (round: Round) => megabytes(round.full);
  const trip = (round: Round) => quantile(round.echo.values, 0.5);
  const cpu = ({ full }: Round) =>
    (full.dialler.cpuSeconds + full.listener.cpuSeconds) * 1_000 / (megabytes(full) * ms / 1_000);
  const row = (title: string, figure: (round: Round) => number, digits: number) => [
    title,
    ...LINKS.map((link) => median(of(link).map(figure)).toFixed(digits)),
  ];
  const against = (link: LinkName, figure: (own: Round, base: Round) => number) =>
    median(of(link).map((round, at) => figure(round, of("ours")[at]!)));
  const table = markdownTable(["", ...LINKS.map((link) => TITLES[link])], [
    row("one stream, MB/s", speed, 0),
    row("round trip p50, ms", trip, 3),
    row("CPU of all processes for a MB, ms", cpu, 1),
  ]);
  const aims = markdownTable(["must reach", "wanted", "measured"], [
    ["pipes / our transport", ">= 0.6", against("pipe", (a, b) => speed(a) / speed(b)).toFixed(2)],
    [
      "the pipes' round trip over it, ms",
      "<= 0.25",
      against("pipe", (a, b) => trip(a) - trip(b)).toFixed(3),
    ],
    [
      "with Deno's sockets / our transport",
      "",
      against("plainPipe", (a, b) => speed(a) / speed(b)).toFixed(2),
    ],
    ["over a relay, MB/s", ">= 30", median(of("carried").map(speed)).toFixed(0)],
    ...pairRows(pairs),
  ]);
  return `${table}\n\n${aims}`;
}

function pairRows(pairs: Pairs): string[][] {
  if ("reason" in pairs) return [[`machines behind two routers: ${pairs.reason}`, "", ""]];
  const p50 = (figure: (pair: Joined) => number) => (median(pairs.map(figure)) / 1_000).toFixed(2);
  return [
    [
      "a machine that joins from behind a router: in the mesh after, s",
      "",
      p50((one) => one.metMs),
    ],
    ["and directly connected after, p50, s", "<= 1", p50((one) => one.directMs)],
  ];
}
