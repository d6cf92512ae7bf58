import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { dialsPipe } from "../../../src/mesh/reach/mod.ts";
import { PlainStack } from "../../../src/mesh/reach/plain_stack.ts";
import { sha256 } from "../../../src/mesh/base/keys.ts";
import { Random } from "../../simulator/random.ts";
import { type Fate, pipePair, SwitchedPath, usingStack, Way } from "./ways.ts";

const MB = 1_000_000;

function content(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + 65_536)));
  }
  return bytes;
}

function assertSame(read: Uint8Array, sent: Uint8Array): void {
  assert.equal(read.length, sent.length);
  assert.equal(sha256(read).toHex(), sha256(sent).toHex());
}

Deno.test("of two nodes exactly one dials the pipe", () => {
  const [a, b] = ["12D3KooWA", "12D3KooWB"] as PeerId[];
  assert.equal(dialsPipe(a!, b!), true);
  assert.equal(dialsPipe(b!, a!), false);
});

Deno.test("QUIC runs over two pipes, to the byte", async () => {
  await using stack = usingStack();
  await using pair = await pipePair(stack, new Way(stack).ends);
  const sent = content(20 * MB);
  assertSame(await pair.transfer(sent), sent);
});

Deno.test("so it does over Deno's own sockets", async () => {
  await using stack = usingStack(() => new PlainStack());
  await using pair = await pipePair(stack, new Way(stack).ends);
  const sent = content(2 * MB);
  assertSame(await pair.transfer(sent), sent);
});

Deno.test("the path is switched ten times under a living connection, at both ends apart", async () => {
  await using stack = usingStack();
  const ways = [new Way(stack), new Way(stack)] as const;
  const paths = [new SwitchedPath(), new SwitchedPath()] as const;
  for (const [end, path] of paths.entries()) {
    for (const way of ways.toReversed()) path.use(way.ends[end]!);
  }
  await using pair = await pipePair(stack, paths);
  const sent = content(20 * MB);
  const reading = pair.transfer(sent);
  for (let round = 1; round <= 10; round++) {
    const way = ways[round % 2]!;
    paths[0].use(way.ends[0]);
    await carries(way, 200);
    paths[1].use(way.ends[1]);
  }
  assertSame(await reading, sent);
});

Deno.test("a path that is silent for seconds is waited for, and one that is dropped is replaced", async () => {
  await using stack = usingStack();
  const [first, second] = [new Way(stack), new Way(stack)];
  const paths = [new SwitchedPath(), new SwitchedPath()] as const;
  paths.forEach((path, end) => path.use(first.ends[end]!));
  await using pair = await pipePair(stack, paths);
  const sent = content(20 * MB);
  const reading = pair.transfer(sent);
  await carries(first, 500);
  first.fate = () => [];
  await delay(2_000); // the silence itself is what is tested
  first.fate = (datagram) => [datagram];
  await carries(first, 500);
  paths.forEach((path, end) => path.drop(first.ends[end]!));
  paths.forEach((path, end) => path.use(second.ends[end]!));
  assertSame(await reading, sent);
});

/** Of each, so many of a hundred datagrams. */
const FATES: Readonly<Record<string, (random: Random) => Fate>> = {
  drops: (random) => (datagram) => random.chance(0.02) ? [] : [datagram],
  repeats: (random) => (datagram) => random.chance(0.2) ? [datagram, datagram] : [datagram],
  reorders: (random) => {
    const kept: Uint8Array[] = [];
    return (datagram) => {
      if (random.chance(0.05)) {
        kept.push(datagram.slice());
        return [];
      }
      return [datagram, ...kept.splice(0)];
    };
  },
  alters: (random) => (datagram) => {
    if (!random.chance(0.02)) return [datagram];
    const altered = datagram.slice();
    altered[random.int(altered.length)]! ^= 1 << random.int(8);
    return [altered];
  },
  "brings old ones again": (random) => {
    const old: Uint8Array[] = [];
    return (datagram) => {
      if (old.length < 64) old.push(datagram.slice());
      return random.chance(0.1) ? [datagram, old[random.int(old.length)]!] : [datagram];
    };
  },
};

for (const [what, fate] of Object.entries(FATES)) {
  Deno.test(`a path that ${what} brings no wrong byte`, async () => {
    await using stack = usingStack();
    const way = new Way(stack);
    await using pair = await pipePair(stack, way.ends);
    way.fate = fate(new Random(7));
    const sent = content(3 * MB);
    assertSame(await pair.transfer(sent), sent);
  });
}

Deno.test("strangers on the machine get nothing out of a pipe to a server", async () => {
  await using stack = usingStack();
  const way = new Way(stack);
  await using pair = await pipePair(stack, way.ends);
  const stranger = stack.bind("127.0.0.1", 0);
  const before = way.carried;
  for (let at = 0; at < 100; at++) {
    stranger.send(new Uint8Array(100), { ip: "127.0.0.1", port: pair.pipes[1].port, key: "" });
  }
  const sent = content(MB);
  assertSame(await pair.transfer(sent), sent);
  assert(way.carried > before);
});

/** Resolves when so many more datagrams went that way. */
async function carries(way: Way, count: number): Promise<void> {
  const until = way.carried + count;
  while (way.carried < until) await delay(1);
}
