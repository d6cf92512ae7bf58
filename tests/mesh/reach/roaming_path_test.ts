import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { sha256 } from "../../../src/mesh/base/keys.ts";
import { udpEnd } from "../../../src/mesh/reach/mod.ts";
import { PlainStack } from "../../../src/mesh/reach/plain_stack.ts";
import { PROBE_BYTES } from "../../../src/mesh/reach/probe_wire.ts";
import { Mailbox } from "../quic/mailbox.ts";
import { meet, relayBy, type Roaming, roamingPair } from "./roaming.ts";
import { Between, pipePair, usingStack, Way } from "./ways.ts";

const MB = 1_000_000;

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
  relayBy(pair, second);
  assert.deepEqual(await reading, content);
  assert(second.carried > 40);
  pair.forEach(({ socket }) => socket.close());
});

Deno.test("200 MB arrive as they were, whatever becomes of the path meanwhile", async () => {
  await using stack = usingStack();
  const relay = new Way(stack);
  const pair = roamingPair(stack, relay);
  await using quic = await pipePair(stack, [pair[0].path, pair[1].path]);
  const pouring = await quic.pour();
  /** Bytes are on their way while it happens, and go on after it. */
  const during = async (happening: () => Promise<unknown>) => {
    await Promise.all([pouring.write(14 * MB), happening()]);
  };
  const become = async (kind: string) => {
    for (const { ways } of pair) assert.equal(await ways.take(), kind);
  };
  const meetAnew = () => {
    const between = new Between(stack, [pair[0].socket.port, pair[1].socket.port]);
    meet(pair, between);
    return between;
  };
  let between = meetAnew();
  await during(() => become("direct"));
  between.isSilent = true;
  await during(() => Promise.all([become("relayed"), delay(3_500)])); // the silence itself is tested
  between.isSilent = false;
  await during(() => become("direct"));
  for (let round = 0; round < 5; round++) {
    between.isSilent = true;
    await during(() => become("relayed"));
    between = meetAnew();
    await during(() => become("direct"));
  }
  between.isSilent = true;
  await during(() => become("relayed"));
  relay.fate = () => [];
  await during(() => {
    const restarted = new Way(stack);
    relayBy(pair, restarted);
    return Promise.resolve();
  });
  const { sent, read, count } = await pouring.end();
  assert(count >= 200 * MB);
  assert.equal(read, sent);
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
  // The other end still asks, as often as this one did.
  const other = stack.bind("127.0.0.1", 0);
  await new Promise<void>((resolve) => {
    let heard = 0;
    other.onDatagram = () => {
      heard += 1;
      if (heard === 3) resolve();
    };
    pair[1].path.told([udpEnd("127.0.0.1", other.port)]);
  });
  assert(asked - before <= 1, "only one that was on its way");
  pair[1].path.close();
  pair.forEach(({ socket }) => socket.close());
});
