/**
 * `deno task bench mesh [--nodes N] [--idle SECONDS]`: how fast news travel among real nodes on loopback,
 * each in a process of its own, what an idle one costs, and what a merge costs. Writes its section of
 * docs/benchmarks.md.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { timeMerge } from "../../tests/mesh/thousand_records.ts";
import { cpuSeconds } from "../../tests/support/processes.ts";
import { say } from "../run.ts";
import { figureTable, machine, median } from "./figures.ts";
import type { Told } from "./mesh/member.ts";
import { MemberProcess } from "./mesh/member_process.ts";
import { writeSection } from "./page.ts";

/** News that are timed, each told by another node. */
const CHANGES = 20;

const MERGES = 50;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: "string", default: "20" },
      idle: { type: "string", default: "30" },
    },
  });
  const nodes = Number(values.nodes);
  const root = await Deno.makeTempDir({ prefix: "mesh-bench-" });
  try {
    const members: MemberProcess[] = [];
    await using stack = new AsyncDisposableStack();
    await startAll(members, { nodes, root, stack });
    say(`${nodes} nodes know each other`);
    const idle = await idleShares(members, Number(values.idle));
    const spread = await timeChanges(members);
    const merges = Array.from({ length: MERGES }, timeMerge);
    const table = figureTable([
      {
        name: `a change reaches all of ${nodes} nodes, median`,
        value: `${median(spread).toFixed(1)} ms`,
        aim: "<= 1 s",
      },
      { name: "the slowest of them", value: `${Math.max(...spread).toFixed(1)} ms`, aim: "<= 1 s" },
      {
        name: "merge of 1,000 announcements",
        value: `${median(merges).toFixed(2)} ms`,
        aim: "<= 20 ms",
      },
      {
        name: `CPU of an idle node among ${nodes}, median`,
        value: `${(median(idle) * 100).toFixed(2)} % of a core`,
        aim: "<= 1 %",
      },
      { name: "the busiest of them", value: `${(Math.max(...idle) * 100).toFixed(2)} %` },
    ]);
    say(table);
    const intro = `Measured on ${await machine()}; each node in a process of its own, on loopback.`;
    await writeSection("Mesh (`deno task bench mesh`)", `${intro}\n\n${table}`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function startAll(
  members: MemberProcess[],
  { nodes, root, stack }: {
    readonly nodes: number;
    readonly root: string;
    readonly stack: AsyncDisposableStack;
  },
): Promise<void> {
  let token: string | null = null;
  for (let i = 0; i < nodes; i++) {
    const member: MemberProcess = stack.use(new MemberProcess(join(root, `${i}`), token));
    const ready = await member.told(isReady);
    token ??= ready.token;
    members.push(member);
  }
  await Promise.all(members.map((member) => member.told(knowsAll(nodes))));
}

function isReady(told: Told): told is Extract<Told, { event: "ready" }> {
  return told.event === "ready";
}

function knowsAll(nodes: number) {
  return (told: Told): told is Told => told.event === "members" && told.count === nodes - 1;
}

/** The fraction of a core that each process uses while nothing happens. */
async function idleShares(members: readonly MemberProcess[], seconds: number): Promise<number[]> {
  const used = () => Promise.all(members.map(({ pid }) => cpuSeconds(pid)));
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  // Round trips are measured and told first.
  await pause(15_000);
  const before = await used();
  await pause(seconds * 1_000);
  const after = await used();
  return after.map((value, index) => (value - (before[index] ?? 0)) / seconds);
}

/** How long each change takes until the last node has seen it. */
async function timeChanges(members: readonly MemberProcess[]): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const wanted = `change-${i}`;
    const teller = members[i % members.length] as MemberProcess;
    await teller.want(wanted);
    const said = await teller.told(hasTime("said", wanted));
    const others = members.filter((member) => member !== teller);
    const saw = await Promise.all(others.map((member) => member.told(hasTime("saw", wanted))));
    times.push(Math.max(...saw.map(({ atMs }) => atMs)) - said.atMs);
  }
  return times;
}

type Timed = Extract<Told, { atMs: number }>;

function hasTime(event: Timed["event"], wanted: string) {
  return (told: Told): told is Timed => told.event === event && told.wanted === wanted;
}
