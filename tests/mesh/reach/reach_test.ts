import { endLibp2pLeaks } from "../leak_guard.ts";
import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import type { InterfaceAddress } from "../../../src/mesh/base/addresses.ts";
import { BadMessageError } from "../../../src/mesh/base/cbor.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { MessageStream } from "../../../src/mesh/base/messages.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { sourceOf } from "../../../src/mesh/link/crowding.ts";
import { type Libp2pNetwork, startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { PeerConnection } from "../../../src/mesh/link/network.ts";
import { guardedClock } from "../../../src/mesh/base/guarded_clock.ts";
import { INTERFACES_MS } from "../../../src/mesh/reach/defaults.ts";
import {
  dialsPipe,
  openUdpStack,
  PipedSources,
  Reach,
  REACH_PROTOCOL,
} from "../../../src/mesh/reach/mod.ts";
import { HandClock } from "../hand_clock.ts";
import { Mailbox } from "../quic/mailbox.ts";
import { usingStack, Way } from "./ways.ts";

/** A node with a reach of its own. One without interfaces is met where others see it. */
interface ReachNode {
  readonly peer: PeerId;
  readonly network: Libp2pNetwork;
  readonly reach: Reach;
  readonly port: number;
  /** A test adds to them. */
  readonly interfaces: InterfaceAddress[];
  /** Of each that a peer has opened: its end. */
  readonly meetings: Mailbox<() => Promise<void>>;
  /** Each change. */
  readonly changes: Mailbox<void>;
}

async function startNode(): Promise<ReachNode> {
  const interfaces: InterfaceAddress[] = [];
  const key = SigningKey.generate();
  const peer = peerIdOf(key.publicKey);
  const network = await startLibp2p(key);
  const port = await network.bind(null);
  const changes = new Mailbox<void>();
  const meetings = new Mailbox<() => Promise<void>>();
  const reach = new Reach({
    stack: openUdpStack(),
    self: peer,
    clock: systemClock,
    sources: network.pipes,
    serverPort: port,
    port: 0,
    interfaces: () => interfaces,
    mapped: () => [],
    mayAsk: () => true,
    changed: () => changes.put(),
  });
  network.handle(REACH_PROTOCOL, 4, (stream, connection) => {
    const meeting = reach.meet(connection.peer, stream, { opens: false });
    meeting.catch((error) => stream.reset(error));
    meetings.put(() => meeting);
  });
  return { peer, network, reach, port, interfaces, meetings, changes };
}

async function stop(nodes: readonly ReachNode[]): Promise<void> {
  for (const { network, reach } of nodes) {
    await network.stop();
    await reach.close();
  }
  endLibp2pLeaks();
}

const { signal } = new AbortController();

async function dial({ network }: ReachNode, peer: PeerId, port: number): Promise<PeerConnection> {
  const addresses = [`/ip4/127.0.0.1/udp/${port}/quic-v1/p2p/${peer}`];
  return await network.dial({ peer, addresses, signal });
}

/** Until the connection ends. */
async function meet({ reach }: ReachNode, connection: PeerConnection): Promise<void> {
  const stream = await connection.openStream(REACH_PROTOCOL, signal);
  reach.meet(connection.peer, stream, { opens: true }).catch(() => {});
}

async function until(node: ReachNode, holds: () => boolean): Promise<void> {
  while (!holds()) await node.changes.take();
}

Deno.test("two nodes that know no address of their own meet by what a third sees of them, once that has an address", async () => {
  await using stack = usingStack();
  const [third, ...both] = [await startNode(), await startNode(), await startNode()];
  const [near, far] = both.toSorted((a, b) => dialsPipe(a.peer, b.peer) ? -1 : 1) as [
    ReachNode,
    ReachNode,
  ];
  const relay = new Way(stack);
  const by = third.peer;
  const port = near.reach.open(far.peer, { by, path: relay.ends[0] });
  far.reach.open(near.peer, { by, path: relay.ends[1] });
  const connection = await dial(near, far.peer, port);
  assert.equal(sourceOf(connection.remoteAddress), by);
  assert.equal(near.reach.ways().get(far.peer)?.kind, "relayed");
  await meet(near, connection);
  for (const node of [near, far]) {
    await meet(node, await dial(node, by, third.port));
  }
  third.interfaces.push({ name: "lo", address: "127.0.0.1" });
  for (const [node, other] of [[near, far], [far, near]] as const) {
    await until(node, () => node.reach.ways().get(other.peer)?.kind === "direct");
    const way = node.reach.ways().get(other.peer);
    assert(way?.kind === "direct" && way.by === by);
    assert.equal(way.end.key, `127.0.0.1:${other.reach.port}`);
  }
  near.reach.drop(far.peer);
  near.reach.drop(far.peer);
  assert.deepEqual([...near.reach.ways()], []);
  await stop([near, far, third]);
});

Deno.test("a peer that tells nonsense, or too much, loses the stream", async () => {
  const [node, other] = [await startNode(), await startNode()];
  const connection = await dial(other, node.peer, node.port);
  const secret = new Uint8Array(32);
  const places = {
    ends: [["198.51.100.7", 4_000], ["no address", 4_000], ["fe80::1%eth0", 4_000]],
  };
  const table: Record<string, readonly unknown[]> = {
    "no secret": [{ ends: [] }],
    "a short secret": [{ secret: new Uint8Array(8), ends: [] }],
    "too many places": [{ secret, ends: Array(17).fill(["198.51.100.7", 4_000]) }],
    "a port that is none": [{ secret, ends: [["198.51.100.7", 70_000]] }],
    "too often": [{ secret, ...places }, ...Array(40).fill(places)],
  };
  for (const [what, messages] of Object.entries(table)) {
    const stream = await connection.openStream(REACH_PROTOCOL, signal);
    const writer = new MessageStream(stream, 65_536);
    const writing = (async () => {
      for (const message of messages) await writer.write(message);
    })().catch(() => {}); // the other end may reset it before all was said
    await assert.rejects(await node.meetings.take(), BadMessageError, what);
    await writing;
    stream.reset(new Error("The test is over"));
  }
  await stop([node, other]);
});

Deno.test("interfaces that could not be read once are read again", async () => {
  const clock = new HandClock();
  let looks = 0;
  const reach = new Reach({
    stack: openUdpStack(),
    self: peerIdOf(SigningKey.generate().publicKey),
    clock: guardedClock(clock, getLogger("test")),
    sources: new PipedSources(),
    serverPort: 4_000,
    port: 0,
    interfaces: () => {
      looks += 1;
      if (looks === 3) throw new Error("Too many open files");
      return [];
    },
    mapped: () => [],
    changed: () => {},
  });
  assert.equal(looks, 2);
  await clock.pass(2 * INTERFACES_MS);
  assert.equal(looks, 4);
  await reach.close();
  assert.equal(clock.waiting.size, 0);
});
