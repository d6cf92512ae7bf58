/** One question to a real rpc-server, directly and through both ends of the tunnel and the lane between them, on the loopback. */

import type { Engine } from "../../../src/engine/mod.ts";
import { rpcServerArguments } from "../../../src/engine/process/arguments.ts";
import { temporaryFolder } from "../../../tests/support/program.ts";
import { fromRoot } from "../../run.ts";
import { markdownTable, median, quantile } from "../figures.ts";
import { listening, spawned } from "../programs.ts";
import { readLines } from "../transport/lines.ts";
import { RpcClient } from "./rpc_client.ts";
import { selfSigned } from "./self_signed.ts";

/** The least of what crosses for a token, and what a usual model's does. */
const SIZES = [4, 16_384] as const;
const WARM_UP = 1_000;
const ROUND_TRIPS_A_TURN = 300;

const LOOPBACK = "127.0.0.1";

let lastPort = 52_300;

/** @returns a table; the ways take turns. */
export async function rpcRoundTrips(engine: Engine, turns: number): Promise<string> {
  // A process that trusts authorities of its own makes no connections of the wide lane.
  Deno.env.delete("NODE_EXTRA_CA_CERTS");
  await using stack = new AsyncDisposableStack();
  const targets = [await rpcServer(engine, stack), await rpcServer(engine, stack)];
  const behind = await rpcServer(engine, stack);
  const address = await end(stack, "worker", `${behind}`);
  const { path } = stack.use(await temporaryFolder());
  const certificate = await selfSigned(path, LOOPBACK);
  const pumped = [
    await pumpsTo(await rpcServer(engine, stack), "tcp", [], stack),
    await pumpsTo(await rpcServer(engine, stack), "tls", certificate, stack),
  ];
  const ports = [...targets, ...pumped, Number(await end(stack, "host", address))];
  const rows: string[][] = [];
  for (const size of SIZES) rows.push(...rowsOf(size, await inTurns(ports, size, turns)));
  return markdownTable(["answer", "way", "round trip p50", "more than TCP", "p99"], rows);
}

/** @returns the milliseconds of each way, turn by turn. An rpc-server has one client at a time. */
async function inTurns(
  ports: readonly number[],
  size: number,
  turns: number,
): Promise<number[][][]> {
  const clients = [];
  using stack = new DisposableStack();
  for (const port of ports) {
    const { client, read } = await RpcClient.reading(port, size);
    stack.use(client);
    clients.push(read);
    for (let count = 0; count < WARM_UP; count++) await read();
  }
  const taken = clients.map((): number[][] => []);
  for (let turn = 0; turn < turns; turn++) {
    for (const [index, read] of clients.entries()) taken[index]!.push(await timed(read));
  }
  return taken;
}

async function timed(read: () => Promise<Uint8Array>): Promise<number[]> {
  const taken: number[] = [];
  for (let count = 0; count < ROUND_TRIPS_A_TURN; count++) {
    const beganMs = performance.now();
    await read();
    taken.push(performance.now() - beganMs);
  }
  return taken;
}

const WAYS = [
  "TCP",
  "TCP again: control",
  "plain relays over TCP",
  "plain relays over TLS",
  "both ends and the lane",
] as const;

function rowsOf(size: number, taken: readonly number[][][]): string[][] {
  const middles = taken.map((turns) => turns.map((turn) => quantile(turn, 0.5)));
  return WAYS.map((way, index) => {
    const more = median(middles[index]!.map((value, turn) => value - middles[0]![turn]!));
    const late = quantile(taken[index]!.flat(), 0.99);
    return [`${size} bytes`, way, ms(median(middles[index]!)), ms(more), ms(late)];
  });
}

const ms = (value: number) => `${value.toFixed(3)} ms`;

/** @returns its port. */
async function rpcServer(engine: Engine, stack: AsyncDisposableStack): Promise<number> {
  const port = ++lastPort;
  const spec = { kind: "rpc-server", modelPath: null } as const;
  stack.use(spawned(engine.rpcServer, rpcServerArguments(spec, engine, { port, threads: 1 })));
  await listening(LOOPBACK, port);
  return port;
}

/** The plainest relays there are, to compare with. @returns the port of the near one. */
async function pumpsTo(
  target: number,
  how: "tcp" | "tls",
  certificate: readonly string[],
  stack: AsyncDisposableStack,
): Promise<number> {
  const [near, between] = [++lastPort, ++lastPort];
  for (const [side, local] of [["far", target], ["near", near]] as const) {
    const args = [side, how, LOOPBACK, `${between}`, `${local}`, ...certificate];
    const pump = fromRoot("scripts/bench/token/pump.ts");
    stack.use(spawned(Deno.execPath(), ["run", "-A", "--quiet", pump, ...args]));
    await listening(LOOPBACK, side === "far" ? between : near);
  }
  return near;
}

/** Starts one end of the tunnel. @returns what it prints. */
async function end(
  stack: AsyncDisposableStack,
  side: "host" | "worker",
  to: string,
): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", fromRoot("scripts/bench/token/rpc_end.ts"), side, to],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  stack.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
  });
  for await (const line of readLines(child.stdout)) return line;
  throw new Error(`The ${side}'s end of the tunnel ended before it began`);
}
