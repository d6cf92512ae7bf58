/**
 * `deno task bench reach [--rounds N] [--ms N] [--write]`: our transport by itself, and over two pipes, as between nodes
 * that can't dial each other, by the system's calls and by Deno's sockets. Both ends are processes of their own; the links
 * take turns in every round. `--write` puts the table into docs/benchmarks.md.
 */

import { parseArgs } from "node:util";
import { complain, say } from "../run.ts";
import { machine, markdownTable, median, quantile } from "./figures.ts";
import { writeSection } from "./page.ts";
import { measure, megabytes, type Outcome, TITLES } from "./transport.ts";
import type { LinkName } from "./transport/links.ts";

const TITLE = "Pipes (`deno task bench reach`)";
const LINKS: readonly LinkName[] = ["ours", "pipe", "plainPipe"];

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      ms: { type: "string", default: "1500" },
      write: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds);
  const report = await measureAll(rounds, Number(values.ms));
  const intro = `Measured on ${await machine()}, loopback, both ends in processes of their own: ` +
    `medians of ${rounds} rounds, the links taking turns.`;
  say(report);
  if (values.write) await writeSection(TITLE, `${intro}\n\n${report}`);
}

interface Round {
  readonly full: Outcome;
  readonly echo: Outcome;
}

async function measureAll(count: number, ms: number): Promise<string> {
  const rounds = new Map<LinkName, Round[]>(LINKS.map((link) => [link, []]));
  for (let round = 1; round <= count; round++) {
    complain(`round ${round} of ${count}`);
    for (const link of LINKS) {
      const full = await measure(link, "one-stream", ms);
      const echo = await measure(link, "round-trip", ms);
      rounds.get(link)!.push({ full, echo });
    }
  }
  return render(rounds);
}

/** A ratio and a difference are medians of the rounds' own: all links ran within seconds. */
function render(rounds: ReadonlyMap<LinkName, readonly Round[]>): string {
  const of = (link: LinkName) => rounds.get(link)!;
  const speed = (round: Round) => megabytes(round.full);
  const trip = (round: Round) => quantile(round.echo.values, 0.5);
  const row = (title: string, figure: (round: Round) => number, digits: number) => [
    title,
    ...LINKS.map((link) => median(of(link).map(figure)).toFixed(digits)),
  ];
  const against = (link: LinkName, figure: (own: Round, base: Round) => number) =>
    median(of(link).map((round, at) => figure(round, of("ours")[at]!)));
  const table = markdownTable(["", ...LINKS.map((link) => TITLES[link])], [
    row("one stream, MB/s", speed, 0),
    row("round trip p50, ms", trip, 3),
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
  ]);
  return `${table}\n\n${aims}`;
}
