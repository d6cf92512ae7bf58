/** The measurements: the action of the dialling end, and the answer of the listening end. */

import type { BenchStream } from "./bench_stream.ts";

/** The request in the first byte of a stream to the other end. */
const ASK = { sink: 1, echo: 2, slowSink: 3 } as const;

const WRITE_BYTES = 65_536;
const PING_BYTES = 64;
const ACK = Uint8Array.of(1);
const SLOW_BYTES_PER_SECOND = 1_000_000;

export type Open = () => Promise<BenchStream>;

/** The listening end: serves one stream, in the way its first byte asks for. */
export async function serve(stream: BenchStream): Promise<void> {
  const first = await stream.read();
  if (first === null) return;
  const ask = first[0];
  if (ask === ASK.echo) await echo(stream, first);
  else await sink(stream, ask === ASK.slowSink);
}

async function sink(stream: BenchStream, slowly: boolean): Promise<void> {
  for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
    if (slowly) await elapse(bytes.length / SLOW_BYTES_PER_SECOND * 1_000);
    stream.recycle?.(bytes);
  }
  await stream.write(ACK);
  await stream.closeWrite();
}

async function echo(stream: BenchStream, first: Uint8Array): Promise<void> {
  await stream.write(first.slice());
  for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
    await stream.write(bytes);
  }
  await stream.closeWrite();
}

/** Bytes a second over so many streams at once, each written to for the given time and then to its end. */
export async function throughput(open: Open, streams: number, ms: number): Promise<number> {
  const opened = await Promise.all(Array.from({ length: streams }, open));
  const started = performance.now();
  const counts = await Promise.all(opened.map((stream) => fill(stream, ASK.sink, ms)));
  const seconds = (performance.now() - started) / 1_000;
  return counts.reduce((sum, count) => sum + count, 0) / seconds;
}

/** Writes for that long, then waits until the other end has read it all. */
async function fill(stream: BenchStream, ask: number, ms: number): Promise<number> {
  const chunk = new Uint8Array(WRITE_BYTES).fill(ask);
  const until = performance.now() + ms;
  let count = 0;
  while (performance.now() < until) {
    await stream.write(chunk);
    count += chunk.length;
  }
  await stream.closeWrite();
  while (await stream.read() !== null);
  return count;
}

/** Round trips of a small message, in milliseconds, for that long. */
export async function roundTrips(open: Open, ms: number): Promise<number[]> {
  const stream = await open();
  const message = new Uint8Array(PING_BYTES).fill(ASK.echo);
  const times: number[] = [];
  const until = performance.now() + ms;
  while (performance.now() < until) {
    const started = performance.now();
    await stream.write(message);
    for (let got = 0; got < PING_BYTES;) got += (await stream.read())?.length ?? PING_BYTES;
    times.push(performance.now() - started);
  }
  await stream.closeWrite();
  while (await stream.read() !== null);
  return times;
}

/** The same beside a stream that is written to all the time. */
export async function roundTripsBeside(open: Open, ms: number): Promise<number[]> {
  const filled = fill(await open(), ASK.sink, ms);
  const times = await roundTrips(open, ms);
  await filled;
  return times;
}

/** Writes for that long to a receiver that reads 1 MB a second, and leaves it at that. */
export async function fillSlowReader(open: Open, ms: number): Promise<void> {
  const stream = await open();
  const chunk = new Uint8Array(WRITE_BYTES).fill(ASK.slowSink);
  const over = elapse(ms).then(() => "over" as const);
  for (;;) {
    const written = stream.write(chunk).then(() => "written" as const, () => "broken" as const);
    if (await Promise.race([over, written]) === "over") return;
    if (await written === "broken") return await over.then(() => undefined);
  }
}

/** Short streams one after the other: a question, an answer, both ends closed. */
export async function shortStreams(open: Open, count: number): Promise<void> {
  const question = new Uint8Array(PING_BYTES).fill(ASK.echo);
  for (let done = 0; done < count; done++) {
    const stream = await open();
    await stream.write(question);
    await stream.closeWrite();
    while (await stream.read() !== null);
  }
}

function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
