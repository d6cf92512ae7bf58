/**
 * `deno task bench load [--clients 1000] [--idle 5000] [--seconds 30] [--processes 4] [--write]`: what
 * passive nodes cost the active one that they use. Two real nodes with the guide, the first of them on a
 * core of its own with its llama-server; the clients are whole clients but for their HTTP port.
 */

import { parseArgs } from "node:util";
import { testBinDir } from "../../tests/support/engine.ts";
import { type NodeProcess, startNode } from "../../tests/support/node_process.ts";
import { cpuSeconds, descendants } from "../../tests/support/processes.ts";
import { Crowd } from "../load/crowd.ts";
import type { Report } from "../load/types.ts";
import { say } from "../run.ts";
import { type Figure, figureTable, machine, median, quantile } from "./figures.ts";
import { writeSection } from "./page.ts";

const TITLE = "Passive nodes (`deno task bench load`)";

interface Setting {
  readonly clients: number;
  readonly idle: number;
  readonly seconds: number;
  readonly processes: number;
  readonly binDir: string;
}

/** A client in use refreshes its table every 45 s on average: design.md 6. */
const REFRESH_MS = 45_000;

/** Of the mostly idle ones this many are connected at one time. */
const CONNECTED_AT_ONCE = 250;

const OWN_REQUESTS = 100;
const HOST_CORE = "0";
const CLIENT_CORES = `1-${Math.max(1, navigator.hardwareConcurrency - 1)}`;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      clients: { type: "string", default: "1000" },
      idle: { type: "string", default: "5000" },
      seconds: { type: "string", default: "30" },
      processes: { type: "string", default: "4" },
      write: { type: "boolean", default: false },
    },
  });
  const setting: Setting = {
    clients: Number(values.clients),
    idle: Number(values.idle),
    seconds: Number(values.seconds),
    processes: Number(values.processes),
    binDir: await testBinDir(),
  };
  const figures = [...await connectedFigures(setting), ...await idleFigures(setting)];
  const body = `Measured on ${await machine()}.\n\n${figureTable(figures)}`;
  say(body);
  if (values.write) await writeSection(TITLE, body);
}

/** All of them connected to one host at one time, then that host is killed. */
async function connectedFigures(setting: Setting): Promise<Figure[]> {
  const { clients, seconds, processes } = setting;
  await using host = await startHost(setting, []);
  const alone = await ownRequests(host);
  const bare = await residentKb(host.pid);
  await using crowd = await Crowd.start({ token: host.token, processes, cores: CLIENT_CORES });
  const joins = await crowd.join(clients);
  const { peers, node: { clientsConnected } } = await host.status();
  const afterJoin = await residentKb(host.pid);
  const cpuBefore = await cpuSeconds(host.pid);
  const refreshes = await crowd.during(
    "refresh",
    seconds * 1_000,
    Math.round(clients * seconds * 1_000 / REFRESH_MS),
  );
  const cpu = (await cpuSeconds(host.pid) - cpuBefore) / seconds;
  const [beside] = await Promise.all([
    ownRequests(host),
    crowd.during("refresh", seconds * 1_000, Math.round(clients * seconds * 1_000 / REFRESH_MS)),
  ]);
  const asked = await crowd.during("ask", seconds * 1_000, seconds * 4);
  const perClient = (Math.max(afterJoin, await residentKb(host.pid)) - bare) / clients;
  const killed = await failover(setting, host, crowd);
  const of = `${clients} connected:`;
  return [
    {
      name: `${of} joined, peer-list length`,
      value: `${clientsConnected}, ${peers.length}`,
      aim: "0 in the list",
    },
    {
      name: `${of} host's RSS per client`,
      value: `${perClient.toFixed(0)} KiB`,
      aim: "<= 300 KiB",
    },
    {
      name: `${of} host's CPU per client, refreshing every 45 s`,
      value: `${(cpu * 1e6 / clients).toFixed(0)} µs a second`,
    },
    { name: `${of} refresh`, ...timesOf(refreshes), aim: "p99 <= 300 ms" },
    { name: `${of} first byte of a request, 4 a second`, ...timesOf(asked), aim: "no failure" },
    { name: `${of} join (handshake, proof and first table)`, ...timesOf(joins) },
    {
      name: "host on one core, its own requests: p50 without and with them",
      value: `${median(alone).toFixed(1)} ms, ${median(beside).toFixed(1)} ms (${
        (median(beside) / median(alone)).toFixed(2)
      })`,
      aim: "<= 1.10",
    },
    {
      name: `${of} next request after their host was killed`,
      ...timesOf(killed),
      aim: "no failure",
    },
  ];
}

/** A second host joins, the first is killed; everybody asks once. */
async function failover(setting: Setting, host: NodeProcess, crowd: Crowd): Promise<Report> {
  await using second = await startHost(setting, ["--join", host.token]);
  await crowd.each("refresh", 32);
  host.kill("SIGKILL");
  await host.exited;
  const report = await crowd.each("ask", 64);
  await second.status();
  return report;
}

/** Each comes by, asks once and goes idle, which closes its connection; all of them know the mesh. */
async function idleFigures(setting: Setting): Promise<Figure[]> {
  const { idle, processes } = setting;
  await using host = await startHost(setting, []);
  await ownRequests(host);
  const bare = await residentKb(host.pid);
  await using crowd = await Crowd.start({ token: host.token, processes, cores: CLIENT_CORES });
  const asked: Report[] = [];
  let failed = 0;
  for (let done = 0; done < idle; done += CONNECTED_AT_ONCE) {
    failed += (await crowd.join(Math.min(CONNECTED_AT_ONCE, idle - done))).failed;
    asked.push(await crowd.each("ask", 32));
    await crowd.leave(CONNECTED_AT_ONCE);
  }
  const grownMb = (await residentKb(host.pid) - bare) / 1024;
  const all: Report = {
    ms: asked.flatMap(({ ms }) => ms),
    failed: asked.reduce((sum, report) => sum + report.failed, failed),
    failures: [],
  };
  const { node: { clientsConnected } } = await host.status();
  const of = `${idle} mostly idle, ${CONNECTED_AT_ONCE} at a time:`;
  return [
    {
      name: `${of} host's RSS over the bare node`,
      value: `${grownMb.toFixed(0)} MiB`,
      aim: "<= 96 MiB",
    },
    { name: `${of} connected at the end`, value: `${clientsConnected}`, aim: "0" },
    { name: `${of} first byte of a request`, ...timesOf(all), aim: "no failure" },
  ];
}

async function startHost({ binDir }: Setting, args: readonly string[]): Promise<NodeProcess> {
  const node = await startNode({
    args: ["--model", "guide", "--bin-dir", binDir, ...args],
    // As many threads as it has cores: more would wait for each other by spinning.
    env: { LLAMA_ARG_THREADS: "1", OMP_WAIT_POLICY: "passive" },
  });
  await node.serving("guide");
  const pids = [node.pid, ...(await descendants(node.pid)).map(({ pid }) => pid)];
  for (const pid of pids) {
    await new Deno.Command("taskset", { args: ["-acp", HOST_CORE, `${pid}`] }).output();
  }
  return node;
}

/** Milliseconds of each of the host's own requests, one after the other. */
async function ownRequests(host: NodeProcess): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < OWN_REQUESTS; index++) {
    const startedAt = performance.now();
    const response = await fetch(`${host.ready.api}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "guide",
        messages: [{ role: "user", content: `hello ${index}` }],
        max_tokens: 8,
      }),
    });
    if (!response.ok) throw new Error(`The host's own request failed: ${await response.text()}`);
    await response.json();
    times.push(performance.now() - startedAt);
  }
  return times;
}

function timesOf({ ms, failed, failures }: Report): Pick<Figure, "value"> {
  const [p50, p99] = [0.5, 0.99].map((q) => quantile(ms, q).toFixed(0));
  const why = failures[0] === undefined ? "" : ` (${failures[0].slice(0, 120)})`;
  return { value: `p50 ${p50} ms, p99 ${p99} ms, ${failed} of ${ms.length + failed} failed${why}` };
}

async function residentKb(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN);
}
