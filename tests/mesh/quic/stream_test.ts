import assert from "node:assert/strict";
import { READ_BYTES } from "../../../src/mesh/quic/limits.ts";
import {
  ConnectionLostError,
  StreamResetByPeerError,
  StreamStoppedByPeerError,
} from "../../../src/mesh/quic/mod.ts";
import type { QuicStream } from "../../../src/mesh/quic/stream.ts";
import { join, readAll, readBytes } from "./bytes.ts";
import { openStream, type Pair, startPair } from "./links.ts";

const KIB = 1_024;
const SMALL_WINDOWS = { streamWindowBytes: 64 * KIB, connectionWindowBytes: 1_024 * KIB };

Deno.test("a stream carries bytes both ways, and each side ends its own direction", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  await near.write(Uint8Array.of(1, 2, 3));
  await near.closeWrite();
  assert.deepEqual(await readAll(far), Uint8Array.of(1, 2, 3));
  assert.equal(await far.read(), null);
  await far.write(Uint8Array.of(4));
  await far.closeWrite();
  assert.deepEqual(await readAll(near), Uint8Array.of(4));
  await Promise.all([near.ended, far.ended]);
  assert.equal(pair.near.streams.length, 0);
  assert.equal(pair.far.streams.length, 0);
});

Deno.test("megabytes arrive as they were written, in reads of at most 64 KiB", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  const sent = crypto.getRandomValues(new Uint8Array(READ_BYTES));
  const writing = (async () => {
    for (let index = 0; index < 64; index++) await near.write(sent.subarray(index));
    await near.closeWrite();
  })();
  const sizes: number[] = [];
  const chunks: Uint8Array[] = [];
  for (let bytes = await far.read(); bytes !== null; bytes = await far.read()) {
    sizes.push(bytes.length);
    chunks.push(bytes);
  }
  await writing;
  const expected = join(Array.from({ length: 64 }, (_, index) => sent.subarray(index)));
  assert.deepEqual(join(chunks), expected);
  assert.ok(Math.max(...sizes) <= READ_BYTES);
  assert.ok(Math.max(...sizes) > READ_BYTES / 4, `largest read: ${Math.max(...sizes)}`);
});

Deno.test("a buffer may be filled anew as soon as its write has resolved", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  const reading = readAll(far);
  for (const size of [10, 100_000]) {
    const buffer = new Uint8Array(size);
    for (let value = 1; value <= 50; value++) await near.write(buffer.fill(value));
  }
  await near.closeWrite();
  const got = await reading;
  const runs = [10, 100_000].flatMap((size) =>
    Array.from({ length: 50 }, (_, index) => new Uint8Array(size).fill(index + 1))
  );
  assert.deepEqual(got, join(runs));
});

Deno.test("writes that nobody waits for arrive in order", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  const parts = Array.from({ length: 200 }, (_, i) => new Uint8Array(i * 331 % 40_000).fill(i));
  const writing = Promise.all(parts.map((part) => near.write(part)));
  const got = readBytes(far, join(parts).length);
  await writing;
  assert.deepEqual(await got, join(parts));
});

Deno.test("a reader that stands still makes the writer wait", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near, far] = await pair.openStream();
  const chunk = new Uint8Array(READ_BYTES);
  let written = 0;
  const writing = (async () => {
    for (let index = 0; index < 64; index++) {
      await near.write(chunk);
      written += 1;
    }
    await near.closeWrite();
  })();
  await roundTrips(pair, 20);
  // The window, what is read ahead of the consumer, and the write that waits.
  assert.ok(written <= 3, `${written} writes of 64 KiB went through`);
  assert.equal((await readAll(far)).length, 64 * READ_BYTES);
  await writing;
});

Deno.test("bytes that came in the meantime are neither lost nor doubled by libp2p's events", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near, far] = await pair.openStream();
  let received = 0;
  far.addEventListener("message", ({ data }) => {
    received += data.byteLength;
  });
  far.pause();
  const writing = near.write(new Uint8Array(1_024 * KIB)).then(() => near.closeWrite());
  await roundTrips(pair, 20);
  assert.equal(received, 0);
  assert.ok(far.readBufferLength <= READ_BYTES);
  const ended = new Promise((resolve) => far.addEventListener("end", resolve));
  far.resume();
  await Promise.all([writing, ended]);
  assert.equal(received, 1_024 * KIB);
});

Deno.test("bytes that libp2p read too early are read first", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  far.unshift(Uint8Array.of(1, 2));
  await near.write(Uint8Array.of(3));
  assert.deepEqual(await readBytes(far, 3), Uint8Array.of(1, 2, 3));
});

Deno.test("iteration ends where the end came before it began", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  const ended = new Promise((resolve) => far.addEventListener("remoteCloseWrite", resolve));
  await near.closeWrite();
  await ended;
  for await (const bytes of far) assert.fail(`${bytes.length} bytes after the end`);
});

Deno.test("onDrain waits each time, so that send does not queue without bound", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near, far] = await pair.openStream();
  const reading = readAll(far);
  const chunk = new Uint8Array(READ_BYTES);
  let waits = 0;
  for (let index = 0; index < 200; index++) {
    if (near.send(chunk)) continue;
    waits += 1;
    await near.onDrain();
    assert.ok(near.writeBufferLength <= READ_BYTES);
  }
  await near.close();
  assert.equal((await reading).length, 200 * READ_BYTES);
  assert.ok(waits > 10, `waited ${waits} times`);
});

Deno.test("onDrain ends with its signal, and with the stream", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near] = await pair.openStream();
  while (near.send(new Uint8Array(READ_BYTES)));
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(near.onDrain({ signal }), /enough/);
  const waiting = assert.rejects(near.onDrain(), /gone/);
  near.abort(new Error("gone"));
  await waiting;
  await assert.rejects(near.onDrain(), /over/);
});

Deno.test("a sender that never waits loses its stream, not its memory", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near, far] = await pair.openStream();
  const chunk = new Uint8Array(READ_BYTES);
  const closed = new Promise<Error | undefined>((resolve) =>
    near.addEventListener("close", ({ error }) => resolve(error))
  );
  for (let index = 0; index < 200 && near.status === "open"; index++) near.send(chunk);
  assert.equal((await closed)?.name, "StreamBufferError");
  await assert.rejects(readAll(far), StreamResetByPeerError);
});

Deno.test("a reset is an error at the other end, again and again, and never an end", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  const reading = far.read();
  near.reset(new Error("changed my mind"));
  await assert.rejects(reading, StreamResetByPeerError);
  await assert.rejects(far.read(), StreamResetByPeerError);
  await assert.rejects(far.write(Uint8Array.of(1)), StreamResetByPeerError);
  await assert.rejects(far.closeWrite(), StreamResetByPeerError);
  await assert.rejects(near.read(), /changed my mind/);
  await assert.rejects(near.write(Uint8Array.of(1)), /changed my mind/);
  await far.ended;
  near.reset(new Error("twice"));
});

Deno.test("a reset reaches a peer that waits to write", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near, far] = await pair.openStream();
  await near.write(Uint8Array.of(1));
  const writing = assert.rejects(far.write(new Uint8Array(1_024 * KIB)));
  await roundTrips(pair, 5);
  near.reset(new Error("no more"));
  await writing;
  await assert.rejects(readAll(far), StreamResetByPeerError);
});

Deno.test("a reset ends this side's waiting read and write at once", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near] = await pair.openStream();
  const reading = assert.rejects(near.read(), /enough/);
  const writing = assert.rejects(near.write(new Uint8Array(1_024 * KIB)), /enough/);
  near.reset(new Error("enough"));
  await Promise.all([reading, writing]);
});

Deno.test("a peer that reads no more ends the writer, who can still read", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  await far.closeRead();
  await assert.rejects(writeForEver(near), StreamStoppedByPeerError);
  await assert.rejects(near.closeWrite(), StreamStoppedByPeerError);
  await far.write(Uint8Array.of(7));
  await far.closeWrite();
  assert.deepEqual(await readAll(near), Uint8Array.of(7));
  await Promise.all([near.ended, far.ended]);
});

Deno.test("a cancellation after the end of the request arrives with the next byte of the answer", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  await near.write(Uint8Array.of(1));
  await near.closeWrite();
  assert.equal((await readAll(far)).length, 1);
  near.reset(new Error("cancelled"));
  await assert.rejects(writeForEver(far), StreamStoppedByPeerError);
});

Deno.test("a lost connection is an error for whoever reads or writes, with its reason", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near, far] = await pair.openStream();
  const [, other] = await pair.openStream();
  const lost = { name: "ConnectionLostError", reason: "closed by peer: 0" };
  const reading = assert.rejects(far.read(), lost);
  const writing = assert.rejects(other.write(new Uint8Array(1_024 * KIB)), lost);
  pair.near.connection.abort(new Error("gone"));
  await Promise.all([reading, writing]);
  await assert.rejects(far.read(), ConnectionLostError);
  await assert.rejects(near.read(), /gone/);
  assert.equal(pair.far.streams.length, 0);
});

Deno.test("a second read beside one that waits is refused", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  const first = near.read();
  await assert.rejects(near.read(), TypeError);
  await far.write(Uint8Array.of(1));
  assert.deepEqual(await first, Uint8Array.of(1));
});

Deno.test("recycled bytes are freed, and nobody else's", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  await near.write(Uint8Array.of(1, 2));
  const first = await far.read();
  assert.ok(first);
  const second = new Uint8Array(3);
  far.recycle(second);
  assert.equal(second.length, 3);
  far.recycle(first);
  assert.equal(first.length, 0);
  far.recycle(first);
  await near.write(Uint8Array.of(3));
  assert.deepEqual(await far.read(), Uint8Array.of(3));
});

Deno.test("release() lets a finished answer arrive, and resets an unfinished one", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  await far.write(Uint8Array.of(1));
  await far.closeWrite();
  const released = far.release();
  assert.deepEqual(await readAll(near), Uint8Array.of(1));
  await near.closeWrite();
  await released;
  const [asking, unfinished] = await pair.openStream();
  await unfinished.release();
  await assert.rejects(asking.read(), StreamResetByPeerError);
});

Deno.test("release() gives up on a peer that never ends its side", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  await far.closeWrite();
  await far.release(1);
  assert.equal(far.status, "aborted");
  assert.equal(await near.read(), null);
});

/** Ways to end a stream early. Both ends let go of it, as handlers do in `finally`. */
const CANCELLATIONS: Record<string, (near: QuicStream, far: QuicStream) => Promise<unknown>> = {
  "the opener resets while the other waits to read": async (near, far) => {
    const reading = assert.rejects(far.read());
    near.reset(new Error("cancelled"));
    await reading;
  },
  "the other resets while the opener waits to read": async (near, far) => {
    const reading = assert.rejects(near.read());
    far.reset(new Error("cancelled"));
    await reading;
  },
  "the opener resets while the other writes": async (near, far) => {
    const writing = assert.rejects(writeForEver(far));
    await near.read();
    near.reset(new Error("cancelled"));
    await writing;
  },
  "the other resets while the opener writes": async (near, far) => {
    const writing = assert.rejects(writeForEver(near));
    await far.read();
    far.reset(new Error("cancelled"));
    await writing;
  },
  "both reset": (near, far) => {
    near.reset(new Error("cancelled"));
    far.reset(new Error("cancelled"));
    return Promise.resolve();
  },
  "the opener resets after its end while the other writes": async (near, far) => {
    await near.closeWrite();
    near.reset(new Error("cancelled"));
    await assert.rejects(writeForEver(far));
    far.reset(new Error("let go"));
  },
  "both end in order": async (near, far) => {
    await Promise.all([near.closeWrite(), far.closeWrite()]);
    await Promise.all([readAll(near), readAll(far)]);
  },
  "the other reads nothing and lets go": async (near, far) => {
    await near.write(new Uint8Array(100));
    await Promise.all([near.closeWrite(), far.closeWrite()]);
    await Promise.all([near.release(), far.release()]);
  },
};

for (const [name, cancel] of Object.entries(CANCELLATIONS)) {
  Deno.test(`a cancelled stream frees its slot at both ends: ${name}`, async () => {
    await using pair = await startPair({ maxStreams: 2, ...SMALL_WINDOWS });
    for (let round = 0; round < 6; round++) {
      const [near, far] = await openStream(pair.near, pair.far);
      await cancel(near, far);
      await Promise.all([near.ended, far.ended]);
      assert.equal(pair.near.streams.length, 0);
      assert.equal(pair.far.streams.length, 0);
    }
  });
}

/** Messages back and forth on a stream of their own: by then what was under way before has happened. */
async function roundTrips(pair: Pair, count: number): Promise<void> {
  const [near, far] = await pair.openStream();
  for (let done = 0; done < count; done++) {
    await near.write(Uint8Array.of(1));
    await far.read();
    await far.write(Uint8Array.of(1));
    await near.read();
  }
  near.reset(new Error("done"));
}

async function writeForEver(stream: QuicStream): Promise<never> {
  for (;;) await stream.write(new Uint8Array(32 * KIB));
}
