/** The points of libp2p's own compliance tests for transports, under their names there. */

import assert from "node:assert/strict";
import type { Libp2p, Stream, Upgrader } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { byteStreamOf } from "../../../src/mesh/quic/mod.ts";
import { readAll } from "./bytes.ts";
import { ANY_PORT, Endpoint } from "./links.ts";
import { connectionTo, NO_LIMIT, type NodePair, Nodes, openNegotiated, PROTOCOL } from "./nodes.ts";
import { nextEvent } from "./next_event.ts";

const ECHO = "/echo/1.0.0";

async function startEchoPair(nodes: Nodes): Promise<NodePair> {
  const pair = await nodes.pair();
  await pair.listener.handle(ECHO, async (stream) => {
    const bytes = byteStreamOf(stream);
    for (let part = await bytes.read(); part !== null; part = await bytes.read()) {
      await bytes.write(part);
    }
    await bytes.closeWrite();
  }, NO_LIMIT);
  return pair;
}

async function echo({ connection }: Pick<NodePair, "connection">, input: Uint8Array) {
  const stream = byteStreamOf(await connection.newStream(ECHO));
  const writing = stream.write(input).then(() => stream.closeWrite());
  const output = await readAll(stream);
  await writing;
  await stream.ended;
  return output;
}

function assertClosed(stream: Stream): void {
  const { status, readStatus, writeStatus, timeline } = stream;
  assert.deepEqual([status, readStatus, writeStatus], ["closed", "closed", "closed"]);
  assert.equal(typeof timeline.close, "number");
}

Deno.test("compliance: simple", async () => {
  await using nodes = new Nodes();
  const input = Uint8Array.of(0, 1, 2, 3, 4);
  assert.deepEqual(await echo(await startEchoPair(nodes), input), input);
});

Deno.test("compliance: should listen on multiple addresses", async () => {
  await using nodes = new Nodes();
  const addresses = ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/udp/0/quic-v1"];
  const listener = await nodes.start(undefined, addresses);
  await listener.handle(PROTOCOL, (stream) => stream.close());
  const dialler = await nodes.start(undefined, []);
  assert.equal(listener.getMultiaddrs().length, 2);
  for (const address of listener.getMultiaddrs()) {
    const connection = await dialler.dial(address, { force: true });
    assert.deepEqual(await readAll(byteStreamOf(await connection.newStream(PROTOCOL))), empty);
  }
});

const empty = new Uint8Array(0);

Deno.test("compliance: can close connections", async () => {
  await using nodes = new Nodes();
  const { connection } = await nodes.pair();
  await connection.close();
  assert.equal(typeof connection.timeline.close, "number");
});

Deno.test("compliance: abort before dialing throws AbortError", async () => {
  await using nodes = new Nodes();
  const { dialler, listener } = await nodes.pair();
  const dialling = dialler.dial(listener.getMultiaddrs(), { signal: AbortSignal.abort() });
  await assert.rejects(dialling, { name: "AbortError" });
  await using endpoint = await Endpoint.start();
  await assert.rejects(endpoint.dial(ANY_PORT, AbortSignal.abort("any reason")), {
    name: "AbortError",
  });
});

Deno.test("compliance: should close all streams when the connection closes", async () => {
  await using nodes = new Nodes();
  const pair = await nodes.pair();
  for (let count = 0; count < 5; count++) await openNegotiated(pair);
  assert.equal(pair.connection.streams.length, 5);
  assert.equal(pair.accepted.streams.length, 5);
  await Promise.all([
    nextEvent(pair.connection, "close"),
    nextEvent(pair.accepted, "close"),
    pair.connection.close(),
  ]);
  for (const { status, streams } of [pair.connection, pair.accepted]) {
    assert.equal(status, "closed");
    assert.deepEqual(streams, []);
  }
});

Deno.test("compliance: should not handle connection if upgradeInbound rejects", async () => {
  await using listener = await Endpoint.start();
  await using dialler = await Endpoint.start();
  const upgrader = { upgradeInbound: () => Promise.reject(new Error("Oh noes!")) };
  const address = await listener.listen(ANY_PORT, upgrader as unknown as Upgrader);
  const { connection } = await dialler.dial(address);
  if (connection.status === "open") await nextEvent(connection, "close");
  assert.equal(listener.connections.size, 0);
  assert.equal(dialler.connections.size, 0);
});

Deno.test("compliance: should omit peer id in listening addresses", async () => {
  await using listener = await Endpoint.start();
  assert.doesNotMatch((await listener.listen()).toString(), /p2p/);
});

Deno.test("compliance: should handle one small write, one big write, many small writes", async () => {
  await using nodes = new Nodes();
  const pair = await startEchoPair(nodes);
  const small = new Uint8Array(1_024).fill(5);
  assert.deepEqual(await echo(pair, small), small);
  const big = new Uint8Array(10 * 1_024 * 1_024).fill(5);
  assert.deepEqual(await echo(pair, big), big);
  for (let count = 0; count < 300; count++) {
    assert.deepEqual(await echo(pair, small), small);
    assert.deepEqual(pair.connection.streams, []);
  }
});

Deno.test("compliance: can close local stream while a remote stream is writing", async () => {
  await using nodes = new Nodes();
  const [local, remote] = await openNegotiated(await nodes.pair());
  const drained = readAll(byteStreamOf(local));
  await remote.closeRead();
  await Promise.all([nextEvent(remote, "remoteCloseWrite"), local.close()]);
  remote.send(Uint8Array.of(1, 2, 3));
  await remote.close();
  assert.deepEqual(await drained, Uint8Array.of(1, 2, 3));
  assertClosed(local);
  assertClosed(remote);
});

Deno.test("compliance: can close local stream for writing while a remote stream is reading", async () => {
  await using nodes = new Nodes();
  const [local, remote] = await openNegotiated(await nodes.pair());
  remote.addEventListener("message", () => {});
  remote.addEventListener("remoteCloseWrite", () => void remote.close());
  const closed = [nextEvent<CloseEvent>(remote, "close"), nextEvent<CloseEvent>(local, "close")];
  for (const part of [Uint8Array.of(0, 1), Uint8Array.of(2, 3)]) local.send(part);
  await local.close();
  for (const event of await Promise.all(closed)) {
    assert.equal((event as { error?: Error }).error, undefined);
  }
  assertClosed(local);
  assertClosed(remote);
});

Deno.test("compliance: can close a stream for writing but receive a large amount of data", async () => {
  await using nodes = new Nodes();
  const { listener, dialler } = await nodes.pair();
  const bytes = 10 * 1_024 * 1_024;
  await listener.handle(ECHO, async (stream) => {
    for (let sent = 0; sent < bytes; sent += 1_024) {
      if (!stream.send(new Uint8Array(1_024))) await stream.onDrain();
    }
    await stream.close();
  });
  const stream = await dialler.dialProtocol(listener.getMultiaddrs(), ECHO);
  const [output] = await Promise.all([readAll(byteStreamOf(stream)), stream.close()]);
  assert.equal(output.length, bytes);
});

Deno.test("compliance: emits listening, emits close", async () => {
  await using nodes = new Nodes();
  const node: Libp2p = await nodes.start();
  const closed = nextEvent(node, "transport:close");
  await node.stop();
  await closed;
  const listening = nextEvent(node, "transport:listening");
  await node.start();
  await listening;
});

Deno.test("compliance: filter invalid addresses", async () => {
  await using endpoint = await Endpoint.start();
  const valid = [multiaddr("/ip4/1.2.3.4/udp/1/quic-v1"), multiaddr("/ip6/::1/udp/1/quic-v1")];
  const invalid = [multiaddr("/ip4/1.2.3.4/tcp/1"), multiaddr("/ip4/1.2.3.4/udp/1/webrtc-direct")];
  const { transport } = endpoint;
  assert.deepEqual(transport.dialFilter([...valid, ...invalid]), valid);
  assert.deepEqual(transport.listenFilter([...invalid, ...valid]), valid);
});

Deno.test("streams over a protocol's limit are reset, and others are not", async () => {
  await using nodes = new Nodes();
  const { listener, dialler, connection } = await nodes.pair();
  await listener.handle("/few/1", () => {}, { maxInboundStreams: 1 });
  const first = byteStreamOf(await connection.newStream("/few/1", NO_LIMIT));
  await assert.rejects(async () => {
    await readAll(byteStreamOf(await connection.newStream("/few/1", NO_LIMIT)));
  }, /reset/);
  await first.write(Uint8Array.of(1));
  assert.equal(dialler.getConnections().length, 1);
  first.reset(new Error("done"));
});

Deno.test("a connection that a node gets is known by the address it came from", async () => {
  await using nodes = new Nodes();
  const [one, other] = [await nodes.start(), await nodes.start()];
  const accepted = connectionTo(other, one);
  const connection = await one.dial(other.getMultiaddrs());
  assert.match(connection.remoteAddr.toString(), /^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1\/p2p\//);
  assert.equal((await accepted).remoteAddr.getComponents().at(-1)?.value, one.peerId.toString());
  assert.equal(connection.encryption, "native");
  assert.equal(connection.multiplexer, "quic");
});
