import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { peerIdOf, sha256, SigningKey } from "../../../src/mesh/base/keys.ts";
import {
  DirectSocket,
  RoamingPath,
  type UdpEnd,
  udpEnd,
  type UdpStack,
} from "../../../src/mesh/reach/mod.ts";
import { PlainStack } from "../../../src/mesh/reach/plain_stack.ts";
import { PROBE_BYTES } from "../../../src/mesh/reach/probe_wire.ts";
import { Mailbox } from "../quic/mailbox.ts";
import { Between, pipePair, usingStack, Way } from "./ways.ts";

const MB = 1_000_000;
const PEERS = [0, 1].map(() => peerIdOf(SigningKey.generate().publicKey));

/** One node's end of a roaming path. */
interface Roaming {
  readonly socket: DirectSocket;
  readonly path: RoamingPath;
  /** Each change of its way, and each address at which it was seen. */
  readonly ways: Mailbox<string>;
  readonly seen: Mailbox<UdpEnd>;
}

/** Two nodes on this machine, with a relay between them and, for questions, nothing yet. */
function roamingPair(stack: UdpStack, relay: Way): readonly [Roaming, Roaming] {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const [near, far] = PEERS.map((self, at): Roaming => {
    const ways = new Mailbox<string>();
    const seen = new Mailbox<UdpEnd>();
    const clock = systemClock;
    const socket = new DirectSocket({ stack, self, port: 0, clock, mayAsk: () => true });
    const path: RoamingPath = new RoamingPath({
      peer: PEERS[1 - at]!,
      relay: relay.ends[at]!,
      socket,
      clock,
      onSeen: (end) => seen.put(end),
      onChange: () => ways.put(path.way.kind),
    });
    path.agree(secret);
    return { socket, path, ways, seen };
  });
  return [near!, far!];
}

function meet(pair: readonly [Roaming, Roaming], between: Between): void {
  pair.forEach(({ path }, at) => path.told([between.faces[at]!]));
}

for (const [name, open] of Object.entries({ system: undefined, plain: () => new PlainStack() })) {
  Deno.test(`${name}: a connection that begins relayed becomes direct, falls back, and returns`, async () => {
    await using stack = usingStack(open);
    const relay = new Way(stack);
    const pair = roamingPair(stack, relay);
    const between = new Between(stack, [pair[0].socket.port, pair[1].socket.port]);
    await using quic = await pipePair(stack, [pair[0].path, pair[1].path]);
    const sent = crypto.getRandomValues(new Uint8Array(65_536));
    const size = open === undefined ? 20 * MB : MB;
    const content = new Uint8Array(size).map((_, at) => sent[at % 65_521]!);
    const digest = sha256(content).toHex();
    const check = async () => assert.equal(sha256(await quic.transfer(content)).toHex(), digest);

    await check();
    assert(relay.carried > size / 1_200, "relayed");
    meet(pair, between);
    for (const { ways } of pair) assert.equal(await ways.take(), "direct");
    for (const [at, { seen }] of pair.entries()) {
      assert.equal((await seen.take()).key, between.faces[1 - at]!.key);
    }
    const before = relay.carried;
    await check();
    assert(relay.carried - before < 100, "direct");

    between.isSilent = true;
    await check();
    for (const { ways } of pair) assert.equal(await ways.take(), "relayed");
    between.isSilent = false;
    await using _talk = talking(pair);
    for (const { ways } of pair) assert.equal(await ways.take(), "direct");
    await check();
    pair.forEach(({ socket }) => socket.close());
  });
}

Deno.test("another member takes over from one that relays no more, under a living connection", async () => {
  await using stack = usingStack();
  const [first, second] = [new Way(stack), new Way(stack)];
  const pair = roamingPair(stack, first);
  await using quic = await pipePair(stack, [pair[0].path, pair[1].path]);
  const content = crypto.getRandomValues(new Uint8Array(50_000));
  assert.deepEqual(await quic.transfer(content), content);
  first.fate = () => [];
  const reading = quic.transfer(content);
  pair.forEach(({ path }, at) => path.relayBy(second.ends[at]!));
  assert.deepEqual(await reading, content);
  assert(second.carried > 40);
  pair.forEach(({ socket }) => socket.close());
});

/** Datagrams that QUIC drops keep the path in use. */
function talking(pair: readonly [Roaming, Roaming]): AsyncDisposable {
  const timer = setInterval(() => pair.forEach(({ path }) => path.send(new Uint8Array(30))), 50);
  return { [Symbol.asyncDispose]: () => Promise.resolve(clearInterval(timer)) };
}

Deno.test("datagrams of strangers reach nobody, and a peer's place is its own", async () => {
  await using stack = usingStack();
  const relay = new Way(stack);
  const pair = roamingPair(stack, relay);
  const between = new Between(stack, [pair[0].socket.port, pair[1].socket.port]);
  const heard: string[] = [];
  const came = new Mailbox<string>();
  pair[1].path.onDatagram = (datagram) => {
    heard.push(datagram.toHex());
    came.put(datagram.toHex());
  };
  meet(pair, between);
  for (const { ways } of pair) await ways.take();
  const stranger = stack.bind("127.0.0.1", 0);
  const to = udpEnd("127.0.0.1", pair[1].socket.port);
  for (let at = 0; at < 100; at++) {
    stranger.send(new Uint8Array(1 + at).fill(at), to);
    stranger.send(crypto.getRandomValues(new Uint8Array(PROBE_BYTES)), to);
  }
  pair[0].path.send(Uint8Array.of(1, 2, 3));
  assert.equal(await came.take(), "010203");
  assert.deepEqual(heard, ["010203"]);
  pair.forEach(({ path, socket }) => {
    path.close();
    path.close();
    socket.close();
  });
});

Deno.test("a path that is closed asks nothing any more", async () => {
  await using stack = usingStack();
  const pair = roamingPair(stack, new Way(stack));
  const victim = stack.bind("127.0.0.1", 0);
  let asked = 0;
  const first = new Promise<void>((resolve) => {
    victim.onDatagram = () => {
      asked += 1;
      resolve();
    };
  });
  pair[0].path.told([udpEnd("127.0.0.1", victim.port)]);
  await first;
  pair[0].path.close();
  const before = asked;
  await delay(300); // six questions would be due
  assert(asked - before <= 1, "only one that was on its way");
  pair[1].path.close();
  pair.forEach(({ socket }) => socket.close());
});
