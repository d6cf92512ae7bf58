import "../leak_guard.ts";
import assert from "node:assert/strict";
import { HandClock } from "../hand_clock.ts";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import {
  ALIVE_MS,
  MAX_SILENT_TURNS,
  MAX_STRIKES,
  SPARE_LANES,
} from "../../../src/mesh/lane/defaults.ts";
import { FRAME } from "../../../src/mesh/lane/frames.ts";
import { LaneChannel } from "../../../src/mesh/lane/lane_channel.ts";
import { tcpHostOf } from "../../../src/mesh/lane/lane_dialer.ts";
import { ARE_YOU_THERE, HERE, type Witness } from "../../../src/mesh/lane/anchors.ts";
import { pemOf } from "../../../src/mesh/lane/certificate.ts";
import { LaneStream, SilentLaneError } from "../../../src/mesh/lane/lane_stream.ts";
import { askForLane, encodeGreeting, LANE_PROTOCOL } from "../../../src/mesh/lane/lane_wire.ts";
import { ConnectionLostError } from "../../../src/mesh/quic/mod.ts";
import { join, readAll } from "../quic/bytes.ts";
import { LanePair, MAX_STREAMS, PROTOCOL } from "./lane_pair.ts";

Deno.test("a stream carries bytes both ways, and each side ends its own direction", async () => {
  await using pair = await LanePair.start();
  const [near, far] = await pair.stream();
  await near.write(Uint8Array.of(1, 2, 3));
  await near.closeWrite();
  assert.deepEqual(await readAll(far), Uint8Array.of(1, 2, 3));
  assert.equal(await far.read(), null);
  const large = crypto.getRandomValues(new Uint8Array(65_536));
  const writing = (async () => {
    for (let index = 0; index < 64; index++) await far.write(large.subarray(index));
    await far.closeWrite();
  })();
  const got = await readAll(near);
  await writing;
  assert.deepEqual(got, join(Array.from({ length: 64 }, (_, index) => large.subarray(index))));
  await Promise.all([near.ended, far.ended]);
});

Deno.test("the next stream needs no handshake, and its connection is in use for as long as a stream is", async () => {
  await using pair = await LanePair.start();
  const [near, far] = await pair.stream();
  while (pair.near.lane.sparesOf(pair.connection) < SPARE_LANES) await turn();
  assert.ok(pair.connection.streams > 0);
  pair.far.lane.stop(); // nobody could connect any more
  const [next, nextFar] = await pair.stream();
  await next.write(Uint8Array.of(7));
  assert.deepEqual(await nextFar.read(), Uint8Array.of(7));
  for (const stream of [near, far, next, nextFar]) stream.reset(new Error("Enough"));
});

Deno.test("a reset, a connection that is lost, and one that is cut off are errors at the other end, never an end", async () => {
  await using pair = await LanePair.start();
  const [reset, resetFar] = await pair.stream();
  await reset.write(Uint8Array.of(1));
  reset.reset(new Error("Given up"));
  await assert.rejects(() => readAll(resetFar));
  await assert.rejects(() => reset.read(), /Given up/);

  const [near, far] = await pair.stream();
  const reading = [assert.rejects(() => near.read()), assert.rejects(() => far.read())];
  pair.connection.abort(new Error("The peer was removed"));
  await Promise.all(reading);
  await Promise.all([near.ended, far.ended]);
});

Deno.test("a write that the peer does not take ends with the stream", async () => {
  await using pair = await LanePair.start();
  const [near, far] = await pair.stream();
  const writing = assert.rejects(async () => {
    for (;;) await near.write(new Uint8Array(262_144));
  }, /Enough/);
  await far.read();
  near.reset(new Error("Enough"));
  await writing;
  await far.release();
});

Deno.test("a peer that lets go in the midst of what it is sent makes its writer fail", async () => {
  await using pair = await LanePair.start();
  const [near, far] = await pair.stream();
  await far.write(Uint8Array.of(1));
  await near.read();
  near.reset(new Error("Enough"));
  await assert.rejects(async () => {
    for (;;) await far.write(new Uint8Array(65_536));
  });
});

Deno.test("of a protocol come as many streams as may, and others none; the way stays open", async () => {
  await using pair = await LanePair.start();
  const open = [];
  for (let count = 0; count < MAX_STREAMS; count++) open.push(await pair.stream());
  assert.equal(await pair.open(), undefined);
  for (const [near, far] of open) [near, far].forEach((one) => one.reset(new Error("Enough")));

  await using other = await LanePair.start();
  assert.equal(await other.open("/mesh-llm/http/1"), undefined);
});

Deno.test("a peer of an earlier version, and one that does not listen, leave the stream to QUIC, and are let be for a while", async () => {
  for (const options of [{ answers: false, listens: false }, { listens: false }]) {
    await using pair = await LanePair.start(options);
    assert.equal(await pair.open(), undefined);
    const { streams } = pair.connection;
    assert.equal(await pair.open(), undefined);
    assert.equal(pair.connection.streams, streams);
    assert.ok(pair.connection.isOpen);
  }
});

Deno.test("a node whose TCP port is taken still connects to others", async () => {
  await using pair = await LanePair.start();
  const taken = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  using _six = listenOnSix(port);
  pair.near.lane.listen(port);
  taken.close();
  const [near, far] = await pair.stream();
  [near, far].forEach((one) => one.reset(new Error("Enough")));
});

/** A stream on a connection that says nothing, and the frames that it writes. */
function silentStream(clock: HandClock, witness: Witness) {
  const written: number[] = [];
  let endRead = (_: number | null) => {};
  const channel = new LaneChannel({
    read: () => new Promise((resolve) => endRead = resolve),
    write: (bytes) => {
      written.push(bytes[0]!);
      return Promise.resolve(bytes.byteLength);
    },
    close: () => endRead(null),
  });
  return { stream: new LaneStream(channel, witness, clock), written };
}

Deno.test("silence ends a stream that is read, by its turns; a stream that only writes shows that it is there", async () => {
  const clock = new HandClock();
  let asked = 0;
  const witness = { ask: () => void asked++, takeAnswer: () => false };
  const { stream, written } = silentStream(clock, witness);
  const reading = assert.rejects(() => stream.read(), ConnectionLostError);
  for (let count = 0; count < MAX_SILENT_TURNS; count++) await clock.pass(ALIVE_MS);
  await reading;
  assert.deepEqual(written, Array(MAX_SILENT_TURNS - 1).fill(FRAME.alive));
  assert.equal(asked, MAX_SILENT_TURNS - 1);
  await stream.ended;
});

Deno.test("a peer that is there by QUIC and silent by TCP is waited for no longer than a heartbeat's misses", async () => {
  const clock = new HandClock();
  let wasAsked = false;
  const witness = {
    ask: () => void (wasAsked = true),
    takeAnswer: () => wasAsked,
  };
  const { stream } = silentStream(clock, witness);
  const reading = assert.rejects(() => stream.read(), SilentLaneError);
  for (let count = 0; count < MAX_STRIKES + 1; count++) await clock.pass(ALIVE_MS);
  await reading;
});

Deno.test("a peer that is asked over QUIC answers by both ways, and tells there that its connection broke", async () => {
  await using pair = await LanePair.start();
  const quic = await pair.connection.openStream(LANE_PROTOCOL, new AbortController().signal);
  const { secret, port, name, certificate } = await askForLane(quic) ?? assert.fail("no offer");
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  using tls = await Deno.startTls(tcp, { hostname: name, caCerts: [pemOf(certificate)] });
  const channel = new LaneChannel(tls);
  channel.writer.send(FRAME.greet, encodeGreeting(secret, pair.near.self));
  assert.equal((await channel.next())?.kind, FRAME.agree);
  await quic.write(Uint8Array.of(ARE_YOU_THERE));
  assert.deepEqual(await quic.read(), Uint8Array.of(HERE));
  // The sign of life is no frame to those who read.
  const heard = channel.next();
  while (!channel.takeHeard()) await turn();
  channel.writer.send(FRAME.open, new TextEncoder().encode(PROTOCOL));
  assert.equal((await heard)?.kind, FRAME.agree);
  const far = await pair.far.streams.take();
  const reading = assert.rejects(() => far.read(), ConnectionLostError);
  await tls.write(Uint8Array.of(99, 0, 0, 0));
  await reading;
  await assert.rejects(() => readAll(quic));
});

Deno.test("over a pipe nobody is asked for a lane", async () => {
  await using pair = await LanePair.start();
  let asked = 0;
  const piped = {
    ...pair.connection,
    remoteAddress: "/ip4/192.0.2.1/udp/4001/quic-v1/p2p-circuit",
    openStream: () => Promise.reject(new Error(`Asked ${++asked} times`)),
  };
  assert.equal(await pair.near.lane.open(PROTOCOL, piped, new AbortController().signal), undefined);
  assert.equal(asked, 0);
});

Deno.test("only a plain IP address is a place to connect to", () => {
  for (
    const [address, host] of [
      ["/ip4/192.0.2.1/udp/4001/quic-v1", "192.0.2.1"],
      ["/ip4/192.0.2.1/udp/4001/quic-v1/p2p/12D3KooW", "192.0.2.1"],
      ["/ip6/2001:db8::1/udp/4001/quic-v1", "2001:db8::1"],
      ["/p2p/12D3KooW/p2p-circuit/p2p/12D3KooX", undefined],
      ["/ip6zone/eth0/ip6/fe80::1/udp/4001/quic-v1", undefined],
      ["/dns4/example.org/udp/4001/quic-v1", undefined],
    ] as const
  ) assert.equal(tcpHostOf(address), host);
});

/** Lets what is under way go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => systemClock.after(5, resolve));
}

function listenOnSix(port: number): Disposable {
  try {
    const listener = Deno.listen({ hostname: "::", port });
    return { [Symbol.dispose]: () => listener.close() };
  } catch {
    // It is taken with the other, or there is no IPv6.
    return { [Symbol.dispose]: () => {} };
  }
}
