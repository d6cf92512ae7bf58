/** Opening and closing leave nothing behind. The counts can be raised by the environment. */

import assert from "node:assert/strict";
import type { QuicStream } from "../../../src/mesh/quic/stream.ts";
import { Endpoint, type Link, startPair } from "./links.ts";

const CONNECTIONS = Number(Deno.env.get("MESH_LLM_CONNECTIONS") ?? 1_000);
const STREAMS = Number(Deno.env.get("MESH_LLM_STREAMS") ?? 10_000);

/** The heap and the addon's arenas reach their size within this many; before that, growth says nothing. */
const WARM_UP_STREAMS = 5_000;
const WARM_UP_CONNECTIONS = 300;

/**
 * A leak grows in each of these; memory that an arena takes once, or that the collector has not got to, in one or two.
 */
const BATCHES = 4;

/** Both ends live in this process. A leak of 2 KB a stream, or of 16 KB a connection, would show. */
const TOLERATED_BYTES = 16_000_000;

const QUESTION = new Uint8Array(64);

async function answerAll(link: Link, until: AbortSignal): Promise<void> {
  while (!until.aborted) await answer(await link.incoming.take());
}

async function answer(stream: QuicStream): Promise<void> {
  for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
    await stream.write(bytes);
  }
  await stream.closeWrite();
}

async function ask(link: Link): Promise<void> {
  const stream = await link.open();
  await stream.write(QUESTION);
  await stream.closeWrite();
  while (await stream.read() !== null);
}

/**
 * The memory that `count` steps add for good: the least that one of their batches adds, for all of them. The leak check
 * of the test sees timers and ops; memory is left to this.
 */
async function growthOver(count: number, warmUp: number, step: () => Promise<void>) {
  for (let done = 0; done < warmUp; done++) await step();
  const growths: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const before = Deno.memoryUsage().rss;
    for (let done = 0; done < count / BATCHES; done++) await step();
    growths.push(Deno.memoryUsage().rss - before);
  }
  return BATCHES * Math.min(...growths);
}

Deno.test("short streams one after the other leave memory, streams and timers where they were", async () => {
  await using pair = await startPair();
  const over = new AbortController();
  answerAll(pair.far, over.signal);
  const growth = await growthOver(STREAMS, WARM_UP_STREAMS, () => ask(pair.near));
  over.abort();
  assert.deepEqual([pair.near.streams, pair.far.streams], [[], []]);
  assert.ok(growth < TOLERATED_BYTES, `grew by ${growth} bytes`);
});

Deno.test("connections that are opened and closed leave nothing, at either end", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const address = await listener.listen();
  const connectOnce = async () => {
    const near = await dialler.dial(address);
    const far = await listener.incoming.take();
    const gone = new Promise((resolve) => far.connection.addEventListener("close", resolve));
    near.connection.abort(new Error("done"));
    await gone;
  };
  const growth = await growthOver(CONNECTIONS, WARM_UP_CONNECTIONS, connectOnce);
  assert.equal(listener.connections.size, 0);
  assert.equal(dialler.connections.size, 0);
  assert.ok(growth < TOLERATED_BYTES, `grew by ${growth} bytes`);
});

Deno.test("connections that are all open at once carry bytes, and close", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const address = await listener.listen();
  const over = new AbortController();
  const count = Math.min(200, CONNECTIONS);
  const links = await Promise.all(Array.from({ length: count }, () => dialler.dial(address)));
  for (let taken = 0; taken < count; taken++) {
    answerAll(await listener.incoming.take(), over.signal);
  }
  await Promise.all(links.map(ask));
  over.abort();
  assert.equal(listener.connections.size, count);
});
