/** The cost of readers of 1 KB/s for a node, while large answers wait for them. */

import { setTimeout as delay } from "node:timers/promises";
import type { NodeProcess } from "../../../tests/support/node_process.ts";
import type { Figure } from "../figures.ts";
import { Resident } from "../load/host.ts";
import { type Gateways, startGateways } from "./gateways.ts";

/** As many as the instance has slots. */
const READERS = 4;

/** With probabilities an event takes 7 KB: 9 MB an answer, several times what the kernel keeps of a connection. */
const TOKENS = 1_300;
const TOP_LOGPROBS = 100;

const READ_BYTES = 1_024;

export async function slowReaderFigures(): Promise<Figure[]> {
  await using gateways = await startGateways("guide");
  const figures: Figure[] = [];
  for (const entry of [gateways.host, gateways.client]) {
    // The heap takes its size, and it is known how much there is to send and how long that takes.
    const startedMs = performance.now();
    const sizes = await Promise.all(readersOf(entry, gateways, readAll));
    const tookMs = performance.now() - startedMs;
    const growths = await growthsWhile(gateways, entry, 1.5 * tookMs);
    const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
    figures.push(...growths.map(({ name, mib }) => ({
      name: `growth of the ${name} while ${READERS} callers at the ${entry.name} read ` +
        `${megabytes.toFixed(0)} MB by 1 KB/s`,
      value: `${mib.toFixed(0)} MiB`,
    })));
  }
  return figures;
}

/** The most that each node on the way takes above what it had. */
async function growthsWhile(
  { host, client, model }: Gateways,
  entry: NodeProcess,
  forMs: number,
): Promise<{ name: string; mib: number }[]> {
  const nodes = entry === host ? [host] : [client, host];
  const before = await Promise.all(nodes.map((node) => new Resident(node).settled()));
  await Promise.all(nodes.map((node) => new Resident(node).peak()));
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), forMs);
  await Promise.all(readersOf(entry, { model }, (socket) => readSlowly(socket, end.signal)));
  clearTimeout(timer);
  const peaks = await Promise.all(nodes.map((node) => new Resident(node).peak()));
  return nodes.map(({ name }, index) => ({ name, mib: peaks[index]! - before[index]! }));
}

function readersOf<T>(
  { ready }: NodeProcess,
  { model }: { readonly model: string },
  read: (socket: Deno.TcpConn) => Promise<T>,
): Promise<T>[] {
  return Array.from({ length: READERS }, async () => {
    using socket = await ask(ready.api, model);
    return await read(socket);
  });
}

/** By hand: `fetch` reads ahead of its caller. */
async function ask(api: string, model: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(api);
  const socket = await Deno.connect({ hostname, port: Number(port) });
  const body = JSON.stringify({
    model,
    messages: [{ role: "user", content: "hello" }],
    ignore_eos: true,
    stream: true,
    logprobs: true,
    top_logprobs: TOP_LOGPROBS,
    max_tokens: TOKENS,
  });
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    `host: ${hostname}:${port}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
    "connection: close",
  ];
  await socket.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${body}`));
  return socket;
}

async function readAll(socket: Deno.TcpConn): Promise<number> {
  const buffer = new Uint8Array(64 * 1024);
  let size = 0;
  for (let n = await socket.read(buffer); n !== null; n = await socket.read(buffer)) size += n;
  return size;
}

async function readSlowly(socket: Deno.TcpConn, signal: AbortSignal): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  while (!signal.aborted) {
    await socket.read(buffer);
    await delay(1_000, undefined, { signal }).catch(() => {});
  }
}
