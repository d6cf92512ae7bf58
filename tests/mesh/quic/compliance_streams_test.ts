/** The points of libp2p's own compliance tests for muxers and their streams, under their names there. */

import assert from "node:assert/strict";
import type { QuicStream } from "../../../src/mesh/quic/stream.ts";
import { readAll } from "./bytes.ts";
import { type Pair, startPair } from "./links.ts";
import { nextEvent } from "./next_event.ts";

const SMALL_WINDOWS = { streamWindowBytes: 65_536, connectionWindowBytes: 1_048_576 };

async function openStreams(pair: Pair, count: number): Promise<[QuicStream, QuicStream][]> {
  const streams: [QuicStream, QuicStream][] = [];
  for (let opened = 0; opened < count; opened++) streams.push(await pair.openStream());
  return streams;
}

async function sendForEver(stream: QuicStream): Promise<never> {
  for (;;) {
    if (!stream.send(new Uint8Array(1_024))) await stream.onDrain();
  }
}

Deno.test("compliance: should have a protocol, should be open, should open a stream on both sides", async () => {
  await using pair = await startPair();
  assert.equal(pair.near.muxer.protocol, "quic");
  assert.equal(pair.near.muxer.status, "open");
  const [outbound, inbound] = await pair.openStream();
  assert.deepEqual([outbound.direction, inbound.direction], ["outbound", "inbound"]);
  const back = await pair.far.open();
  await back.write(Uint8Array.of(1));
  assert.equal((await pair.near.incoming.take()).direction, "inbound");
});

Deno.test("compliance: should be closing during closing, should be closed after closing", async () => {
  await using pair = await startPair();
  const closing = pair.near.muxer.close();
  assert.equal(pair.near.muxer.status, "closing");
  await closing;
  assert.equal(pair.near.muxer.status, "closed");
});

Deno.test("compliance: should store a stream in the streams list", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  assert.deepEqual(pair.near.streams, [near]);
  assert.deepEqual(pair.far.streams, [far]);
});

Deno.test("compliance: closing underlying MultiaddrConnection closes streams", async () => {
  await using pair = await startPair();
  const streams = await openStreams(pair, 5);
  const sending = streams.map(([near]) => assert.rejects(sendForEver(near)));
  await pair.near.connection.close();
  await Promise.all(sending);
  await Promise.all(streams.flat().map((stream) => stream.ended));
  assert.deepEqual([pair.near.streams, pair.far.streams], [[], []]);
});

Deno.test("compliance: calling close closes streams", async () => {
  await using pair = await startPair();
  const streams = await openStreams(pair, 5);
  const sending = streams.map(([near]) => assert.rejects(sendForEver(near)));
  await pair.near.muxer.close({ signal: AbortSignal.timeout(20) });
  await Promise.all(sending);
  assert.deepEqual(pair.near.streams, []);
});

Deno.test("compliance: calling abort aborts streams", async () => {
  await using pair = await startPair();
  const streams = await openStreams(pair, 5);
  const sending = streams.map(([near]) => assert.rejects(sendForEver(near), /Oh no!/));
  pair.near.muxer.abort(new Error("Oh no!"));
  await Promise.all(sending);
  assert.deepEqual(pair.near.streams, []);
  await Promise.all(streams.map(([, far]) => assert.rejects(readAll(far))));
});

Deno.test("compliance: calling newStream after close throws an error", async () => {
  await using pair = await startPair();
  await pair.near.muxer.close();
  await assert.rejects(pair.near.open(), { name: "MuxerClosedError" });
  assert.deepEqual(pair.near.streams, []);
});

Deno.test("compliance: closing one of the muxed streams doesn't close others", async () => {
  await using pair = await startPair();
  const [[near, far] = [], ...others] = await openStreams(pair, 5);
  assert.ok(near && far);
  await Promise.all([near.close(), far.close()]);
  await Promise.all([near.ended, far.ended]);
  assert.deepEqual([pair.near.streams.length, pair.far.streams.length], [4, 4]);
  assert.ok(others.flat().every(({ status }) => status === "open"));
});

Deno.test("compliance: can close a stream for writing", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  await far.close();
  near.send(Uint8Array.of(0, 1, 2));
  near.send(Uint8Array.of(3, 4));
  await near.close();
  assert.deepEqual(await readAll(far), Uint8Array.of(0, 1, 2, 3, 4));
  assert.throws(() => far.send(Uint8Array.of(1)), { name: "StreamStateError" });
});

Deno.test("compliance: should emit a close event for streams not previously written", async () => {
  await using pair = await startPair();
  const aborted = await pair.near.open();
  const closed = nextEvent(aborted, "close");
  aborted.abort(new Error("Urk!"));
  await closed;
  await (await pair.far.incoming.take()).ended;
  const [near, far] = await pair.openStream();
  await far.close();
  await near.close();
  await near.ended;
});

Deno.test("compliance: should remove a stream in the streams list after aborting, and after closing", async () => {
  await using pair = await startPair();
  const [[aborted, remote] = [], [near, far] = []] = await openStreams(pair, 2);
  assert.ok(aborted && remote && near && far);
  aborted.abort(new Error("Urk!"));
  await remote.ended;
  assert.deepEqual([pair.near.streams, pair.far.streams], [[near], [far]]);
  await Promise.all([near.close(), far.close()]);
  await Promise.all([near.ended, far.ended]);
  assert.deepEqual([pair.near.streams, pair.far.streams], [[], []]);
});

Deno.test("compliance: should not remove a half-closed stream, should remove one half closed from both ends", async () => {
  await using pair = await startPair();
  for (const closeFirst of ["near", "far"] as const) {
    const [near, far] = await pair.openStream();
    const [first, second] = closeFirst === "near" ? [near, far] : [far, near];
    const noticed = nextEvent(second, "remoteCloseWrite");
    await first.close();
    await noticed;
    assert.deepEqual([pair.near.streams, pair.far.streams], [[near], [far]]);
    await second.close();
    await Promise.all([near.ended, far.ended]);
    assert.deepEqual([pair.near.streams, pair.far.streams], [[], []]);
  }
});

Deno.test("compliance: should have correct status and timeline after opening", async () => {
  await using pair = await startPair();
  for (const stream of await pair.openStream()) {
    const { status, writeStatus, readStatus, timeline } = stream;
    assert.deepEqual([status, writeStatus, readStatus], ["open", "writable", "readable"]);
    assert.deepEqual(Object.keys(timeline), ["open"]);
  }
});

Deno.test("compliance: outbound stream sends data, inbound stream sends data", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  for (const [from, to] of [[near, far], [far, near]] as const) {
    const message = nextEvent<MessageEvent>(to, "message");
    from.send(Uint8Array.of(0, 1, 2, 3, 4));
    assert.deepEqual((await message).data.subarray(), Uint8Array.of(0, 1, 2, 3, 4));
  }
});

Deno.test("compliance: closes", async () => {
  await using pair = await startPair();
  const streams = await pair.openStream();
  const closing = streams.map((stream) => stream.close());
  for (const { status, readStatus, writeStatus } of streams) {
    assert.deepEqual([status, readStatus, writeStatus], ["open", "readable", "closing"]);
  }
  await Promise.all([...closing, ...streams.map((stream) => stream.ended)]);
  for (const { status, readStatus, writeStatus, timeline } of streams) {
    assert.deepEqual([status, readStatus, writeStatus], ["closed", "closed", "closed"]);
    assert.ok(timeline.close! >= timeline.open);
  }
});

Deno.test("compliance: should send large amounts of data in both directions", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const megabyte = new Uint8Array(1_048_576).fill(7);
  const sendAll = async (stream: QuicStream) => {
    for (let sent = 0; sent < 10; sent++) {
      if (!stream.send(megabyte)) await stream.onDrain();
    }
    await stream.close();
  };
  const [near, far] = await pair.openStream();
  const [ofNear, ofFar] = await Promise.all([
    readAll(near),
    readAll(far),
    sendAll(near),
    sendAll(far),
  ]);
  assert.deepEqual([ofNear.length, ofFar.length], [10 * 1_048_576, 10 * 1_048_576]);
});

Deno.test("compliance: closes for writing", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  const noticed = nextEvent(far, "remoteCloseWrite");
  const closing = near.close();
  assert.equal(near.writeStatus, "closing");
  await Promise.all([closing, noticed]);
  assert.deepEqual([near.status, near.writeStatus, near.readStatus], [
    "open",
    "closed",
    "readable",
  ]);
  assert.deepEqual([far.status, far.writeStatus, far.readStatus], ["open", "writable", "readable"]);
  assert.deepEqual([near.timeline.close, far.timeline.close], [undefined, undefined]);
});

Deno.test("compliance: aborts", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  const closed = [near, far].map((stream) => nextEvent<ErrorEvent>(stream, "close"));
  const error = new Error("Urk!");
  near.abort(error);
  const [nearEvent, farEvent] = await Promise.all(closed);
  assert.equal(nearEvent?.error, error);
  assert.equal(farEvent?.error.name, "StreamResetError");
  assert.deepEqual([near.status, far.status], ["aborted", "reset"]);
  for (const stream of [near, far]) {
    assert.deepEqual([stream.writeStatus, stream.readStatus], ["closed", "closed"]);
    assert.equal(typeof stream.timeline.close, "number");
    assert.throws(() => stream.send(Uint8Array.of(0)), { name: "StreamStateError" });
  }
});

Deno.test("compliance: does not send close read or write when remote resets", async () => {
  await using pair = await startPair();
  const [near, far] = await pair.openStream();
  far.abort(new Error("Urk!"));
  await near.ended;
  await near.close();
  await near.closeRead();
  assert.equal(near.status, "reset");
});

Deno.test("compliance: should wait for sending data to finish when closing gracefully", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near, far] = await pair.openStream();
  let sent = 0;
  do sent += 1_024; while (near.send(new Uint8Array(1_024)));
  assert.deepEqual([near.writeStatus, near.writableNeedsDrain], ["writable", true]);
  const [received] = await Promise.all([readAll(far), near.close()]);
  assert.equal(received.length, sent);
});

Deno.test("compliance: should abort close due to timeout with slow sender", async () => {
  await using pair = await startPair(SMALL_WINDOWS);
  const [near] = await pair.openStream();
  while (near.send(new Uint8Array(10_240)));
  const closing = near.close({ signal: AbortSignal.timeout(10) });
  await assert.rejects(closing, (error: Error) => /Abort|Timeout/.test(error.name));
});
