import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type {
  MultiaddrConnection,
  Stream,
  StreamMuxer,
  Upgrader,
  UpgraderOptions,
} from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import {
  byteStreamOf,
  DialError,
  QuicLimitError,
  WrongPeerError,
} from "../../../src/mesh/quic/mod.ts";
import { readBytes } from "./bytes.ts";
import { ANY_PORT, Endpoint, type Link, openStream, startPair } from "./links.ts";
import { Mailbox } from "./mailbox.ts";

/** A UDP port that takes everything and answers nothing. */
function silentPort(): Promise<AsyncDisposable & { readonly address: string }> {
  const socket = createSocket("udp4");
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.bind(0, "127.0.0.1", resolve);
  return promise.then(() => ({
    address: `/ip4/127.0.0.1/udp/${socket.address().port}/quic-v1`,
    [Symbol.asyncDispose]: () => new Promise<void>((done) => socket.close(() => done())),
  }));
}

function closed({ connection }: Link): Promise<void> {
  if (connection.status !== "open") return Promise.resolve();
  return new Promise((resolve) => connection.addEventListener("close", () => resolve()));
}

Deno.test("each end of a connection knows who the other is", async () => {
  await using pair = await startPair();
  assert.ok(pair.near.peer.equals(pair.listener.peerId));
  assert.ok(pair.far.peer.equals(pair.dialler.peerId));
  assert.equal(pair.near.connection.direction, "outbound");
  assert.equal(pair.far.connection.direction, "inbound");
});

Deno.test("another peer than the dialled one is refused, and learns of it", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const expected = dialler.peerId.toString();
  const address = (await listener.listen()).encapsulate(`/p2p/${expected}`);
  await assert.rejects(dialler.dial(address), (error: Error) => {
    assert.ok(error instanceof WrongPeerError);
    assert.equal(error.expected, expected);
    assert.equal(error.actual, listener.peerId.toString());
    return true;
  });
  assert.equal(dialler.connections.size, 0);
  await closed(await listener.incoming.take());
  assert.equal(listener.connections.size, 0);
});

Deno.test("a dial to a dead port ends when its signal says so", async () => {
  await using port = await silentPort();
  await using dialler = await Endpoint.start();
  const signal = AbortSignal.timeout(50);
  const started = performance.now();
  await assert.rejects(dialler.dial(multiaddr(port.address), signal), { name: "TimeoutError" });
  assert.ok(performance.now() - started < 2_000);
});

Deno.test("dials to dead ports do not hold up one to a living peer", async () => {
  await using port = await silentPort();
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const ending = new AbortController();
  const dead = Array.from(
    { length: 50 },
    () => assert.rejects(dialler.dial(multiaddr(port.address), ending.signal)),
  );
  const link = await dialler.dial(await listener.listen());
  assert.equal(link.connection.status, "open");
  ending.abort();
  await Promise.all(dead);
});

Deno.test("a connection that comes after its dial was given up is closed", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const ending = new AbortController();
  const dial = assert.rejects(
    dialler.dial(await listener.listen(), ending.signal),
    { name: "AbortError" },
  );
  ending.abort();
  await dial;
  await closed(await listener.incoming.take());
  assert.equal(dialler.connections.size, 0);
});

Deno.test("a dial that ends by itself names the port", async () => {
  await using port = await silentPort();
  await using dialler = await Endpoint.start({ idleTimeoutMs: 200, keepAliveMs: 100 });
  await assert.rejects(dialler.dial(multiaddr(port.address)), (error: Error) => {
    assert.ok(error instanceof DialError);
    assert.match(error.message, /^Cannot connect to UDP port \d+ of 127\.0\.0\.1: timed out$/);
    return true;
  });
});

Deno.test("a stopped transport ends its dials and connections, and can be started again", async () => {
  await using port = await silentPort();
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const address = await listener.listen();
  const first = await dialler.dial(address);
  const dead = assert.rejects(dialler.dial(multiaddr(port.address)), DialError);
  await dialler.transport.stop();
  await Promise.all([dead, closed(first), closed(await listener.incoming.take())]);
  dialler.transport.start();
  assert.equal((await dialler.dial(address)).connection.status, "open");
});

Deno.test("all connections leave from one socket", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const address = await listener.listen();
  const ports = new Set<string>();
  for (let count = 0; count < 5; count++) {
    await dialler.dial(address);
    const { connection } = await listener.incoming.take();
    ports.add(connection.remoteAddr.toString());
  }
  assert.equal(ports.size, 1);
});

Deno.test("a port in use is named", async () => {
  await using listener = await Endpoint.start();
  const address = await listener.listen();
  const message = /^Cannot listen on UDP port \d+ of 127\.0\.0\.1: Address already in use/;
  await assert.rejects(listener.listen(address), { message });
});

Deno.test("a closed listener frees its port at once", async () => {
  await using other = await Endpoint.start();
  const first = await Endpoint.start();
  const address = await first.listen();
  await first[Symbol.asyncDispose]();
  assert.ok((await other.listen(address)).equals(address));
});

Deno.test("over IPv6 it is the same", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const near = await dialler.dial(await listener.listen(multiaddr("/ip6/::1/udp/0/quic-v1")));
  const [opened, taken] = await openStream(near, await listener.incoming.take());
  await opened.write(Uint8Array.of(6));
  assert.deepEqual(await readBytes(taken, 1), Uint8Array.of(6));
});

Deno.test("at the limit of connections one that comes in is refused", async () => {
  await using listener = await Endpoint.start({ maxConnections: 1 });
  await using dialler = await Endpoint.start();
  const address = await listener.listen();
  const first = await dialler.dial(address);
  // Of two handshakes that end together either may be let in.
  const accepted = await listener.incoming.take();
  const second = await dialler.dial(address);
  await closed(second);
  assert.equal(first.connection.status, "open");
  assert.equal(listener.connections.size, 1);
  first.connection.abort(new Error("makes room"));
  await closed(accepted);
  assert.equal((await dialler.dial(address)).connection.status, "open");
});

Deno.test("at the limit of connections a dial fails and says so", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start({ maxConnections: 1 });
  const address = await listener.listen();
  await dialler.dial(address);
  await assert.rejects(dialler.dial(address), QuicLimitError);
});

Deno.test("at the limit of streams the next one waits for a slot", async () => {
  await using pair = await startPair({ maxStreams: 1 });
  const [near, far] = await pair.openStream();
  const opening = pair.near.open();
  near.reset(new Error("makes room"));
  await far.ended;
  assert.equal((await opening).status, "open");
});

Deno.test("a stream for which no slot comes free fails, by its signal or by the time limit", async () => {
  await using pair = await startPair({ maxStreams: 1, openStreamMs: 100 });
  await pair.openStream();
  await assert.rejects(pair.near.open(AbortSignal.abort(new Error("enough"))), /enough/);
  await assert.rejects(pair.near.open(), QuicLimitError);
});

Deno.test("a slot that comes too late for its caller is given back", async () => {
  await using pair = await startPair({ maxStreams: 1 });
  const [near, far] = await pair.openStream();
  const ending = new AbortController();
  const opening = assert.rejects(pair.near.open(ending.signal), /enough/);
  ending.abort(new Error("enough"));
  await opening;
  near.reset(new Error("makes room"));
  await far.ended;
  const late = await pair.far.incoming.take();
  await assert.rejects(late.read());
  await late.ended;
  assert.equal((await pair.near.open()).status, "open");
});

Deno.test("a reader that stands still loses its stream before it holds up the connection", async () => {
  const windows = { streamWindowBytes: 65_536, connectionWindowBytes: 3 * 65_536 };
  await using pair = await startPair({ ...windows, stalledMs: 50 });
  const streams = [await pair.openStream(), await pair.openStream(), await pair.openStream()];
  const refused = Promise.withResolvers<number>();
  const writing = streams.map(([near], index) =>
    near.write(new Uint8Array(1_000_000)).catch(() => refused.resolve(index))
  );
  const lost = await refused.promise;
  const others = streams.filter((_, index) => index !== lost);
  for (const [, far] of others) assert.equal((await readBytes(far, 1_000_000)).length, 1_000_000);
  await Promise.all(writing);
  assert.equal(streams[lost]?.[1].status, "aborted");
});

Deno.test("a stream that comes before libp2p listens is not lost", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const muxers = new Mailbox<StreamMuxer>();
  const upgradeInbound: Upgrader["upgradeInbound"] = (
    connection: MultiaddrConnection,
    { muxerFactory }: UpgraderOptions,
  ) => {
    muxers.put(muxerFactory!.createStreamMuxer(connection));
    return Promise.resolve();
  };
  const address = await listener.listen(ANY_PORT, { upgradeInbound } as Upgrader);
  const stream = await (await dialler.dial(address)).open();
  await stream.write(Uint8Array.of(1));
  const muxer = await muxers.take();
  const early = await new Promise<Stream>((resolve) =>
    muxer.addEventListener("stream", ({ detail }) => resolve(detail))
  );
  assert.deepEqual(await readBytes(byteStreamOf(early), 1), Uint8Array.of(1));
});

Deno.test("abortAll() is seen by all peers", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const address = await listener.listen();
  const links = await Promise.all([1, 2, 3].map(() => dialler.dial(address)));
  await Promise.all(links.map(() => listener.incoming.take()));
  listener.connections.abortAll(new Error("exit"));
  await Promise.all(links.map(closed));
  assert.equal(listener.connections.size, 0);
  assert.equal(dialler.connections.size, 0);
});
