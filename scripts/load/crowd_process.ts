/** Many clients in one process. Takes commands on standard input and answers each with a line of JSON. */

import { setTimeout as delay } from "node:timers/promises";
import { TextLineStream } from "./lines.ts";
import { LoadClient } from "./load_client.ts";
import { type Command, emptyReport, type Report } from "./types.ts";

/** Clients of this process that join at one time: a host admits 64 at once, of all processes. */
const JOINS_AT_ONCE = 8;

/** Failures are printed in full a few times only. */
const FAILURES_TOLD = 3;

/** A client in use asks for the table after 30 to 60 s: docs/protocols.md. */
const REFRESH_MIN_MS = 30_000;
const REFRESH_SPREAD_MS = 30_000;

const [dir, token] = Deno.args;
if (dir === undefined || token === undefined) Deno.exit(2);
const clients: LoadClient[] = [];
let started = 0;
let refreshed = emptyReport();

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
  new TextLineStream(),
);
for await (const line of lines) {
  const report = await perform(JSON.parse(line) as Command);
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(report)}\n`));
}
await leave(clients.length);
Deno.exit(0);

async function perform(command: Command): Promise<Report> {
  const report = emptyReport();
  switch (command.kind) {
    case "join":
      await inParallel(command.count, JOINS_AT_ONCE, () => measure(report, join));
      return report;
    case "leave":
      await leave(command.count);
      return report;
    case "each":
      await inParallel(
        clients.length,
        command.atOnce,
        (index) => measure(report, () => use(command.use, clients[index] as LoadClient, index)),
      );
      return report;
    case "ask":
      await askAtRandom(command, report);
      return report;
    case "watch":
      refreshed = report;
      await delay(command.ms);
      return refreshed;
  }
}

async function join(): Promise<number> {
  const startedAt = performance.now();
  const client = await LoadClient.start(`${dir}/${started++}`, token as string);
  clients.push(client);
  keepInUse(client);
  return performance.now() - startedAt;
}

async function leave(count: number): Promise<void> {
  await Promise.all(clients.splice(0, count).map((client) => client.stop()));
}

/** Its failures are told by whoever watches. */
async function keepInUse(client: LoadClient): Promise<void> {
  while (!client.left.aborted) {
    const ms = REFRESH_MIN_MS + Math.random() * REFRESH_SPREAD_MS;
    await delay(ms, undefined, { signal: client.left }).catch(() => {});
    if (!client.left.aborted) await measure(refreshed, () => client.refresh());
  }
}

function use(what: "refresh" | "ask", client: LoadClient, number: number): Promise<number> {
  return what === "refresh" ? client.refresh() : client.ask(`hello ${number}`);
}

/** Whatever is still under way: as a crowd does it. */
async function askAtRandom(
  { ms, count }: Extract<Command, { kind: "ask" }>,
  report: Report,
): Promise<void> {
  const uses = Array.from({ length: count }, async (_, number) => {
    await delay(Math.random() * ms);
    const client = clients[Math.floor(Math.random() * clients.length)];
    if (client !== undefined) await measure(report, () => use("ask", client, number));
  });
  await Promise.all(uses);
}

async function measure(report: Report, task: () => Promise<number>): Promise<void> {
  try {
    report.ms.push(await task());
  } catch (error) {
    report.failed += 1;
    if (report.failures.length < FAILURES_TOLD) report.failures.push(String(error));
  }
}

async function inParallel(
  count: number,
  atOnce: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < count) await task(next++);
  }));
}
