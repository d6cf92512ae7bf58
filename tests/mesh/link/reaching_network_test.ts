import { endLibp2pLeaks } from "../leak_guard.ts";
import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { UnreachableError } from "../../../src/mesh/base/errors.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { NetworkStream, PeerConnection } from "../../../src/mesh/link/network.ts";
import { type CarriedPath, ReachingNetwork } from "../../../src/mesh/link/reaching_network.ts";
import { dialsPipe, openUdpStack, Reach, REACH_PROTOCOL } from "../../../src/mesh/reach/mod.ts";
import { Mailbox } from "../quic/mailbox.ts";
import { usingStack, Way } from "../reach/ways.ts";

const ECHO = "/test/echo/1";

interface Reacher {
  readonly peer: PeerId;
  readonly network: ReachingNetwork;
  readonly reach: Reach;
  readonly opened: Mailbox<PeerConnection>;
  readonly closed: Mailbox<PeerConnection>;
  /** The ways of its pipes. */
  readonly changed: Mailbox<void>;
}

/** Nodes that carry for two others: each has a way of its own, and can go. Those two end with them, also where a test fails. */
class Carriers implements AsyncDisposable {
  readonly ids = [0, 1].map(() => peerIdOf(SigningKey.generate().publicKey));
  readonly #stack: ReturnType<typeof usingStack>;
  readonly #nodes = new Map<PeerId, Reacher>();
  readonly #ends = new Map<PeerId, () => void>();
  /** Of each datagram. */
  delayMs = 0;

  constructor(stack: ReturnType<typeof usingStack>) {
    this.#stack = stack;
  }

  add(node: Reacher): void {
    this.#nodes.set(node.peer, node);
  }

  carry(by: PeerId, from: PeerId, to: PeerId): CarriedPath {
    const way = new Way(this.#stack);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    this.#ends.set(by, resolve);
    const ends = way.ends.map((end): CarriedPath => ({
      closed,
      get onDatagram() {
        return end.onDatagram;
      },
      set onDatagram(hear) {
        end.onDatagram = hear;
      },
      send: (datagram) => {
        if (this.delayMs === 0) return end.send(datagram);
        const held = datagram.slice();
        setTimeout(() => end.send(held), this.delayMs);
      },
      close: () => {
        end.close();
        resolve();
      },
    }));
    this.#nodes.get(to)?.network.accept(from, by, ends[1]!);
    return ends[0]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { network } of this.#nodes.values()) await network.stop();
    endLibp2pLeaks();
  }

  kill(by: PeerId): void {
    this.ids.splice(this.ids.indexOf(by), 1);
    this.#ends.get(by)?.();
  }
}

async function startNode(
  carriers: Carriers,
  interfaces = [{ name: "lo", address: "127.0.0.1" }],
): Promise<Reacher> {
  const key = SigningKey.generate();
  const peer = peerIdOf(key.publicKey);
  const libp2p = await startLibp2p(key);
  const changed = new Mailbox<void>();
  const reach = new Reach({
    stack: openUdpStack(),
    self: peer,
    clock: systemClock,
    sources: libp2p.pipes,
    serverPort: await libp2p.bind(null),
    port: 0,
    interfaces: () => interfaces,
    mapped: () => [],
    mayAsk: () => true,
    changed: () => changed.put(),
  });
  const network = new ReachingNetwork({
    network: libp2p,
    reach,
    self: peer,
    logger: getLogger("test"),
    carriers: () => [...carriers.ids],
    carry: (by, to) => Promise.try(() => carriers.carry(by, peer, to)),
    openTo: () => Promise.reject<NetworkStream>(new Error("These carriers see nothing")),
  });
  network.handle(REACH_PROTOCOL, 4, (stream, connection) => {
    network.meet(connection.peer, stream).catch((error) => stream.reset(error));
  });
  network.handle(ECHO, 4, async (stream) => {
    const bytes = await stream.read();
    if (bytes !== null) await stream.write(bytes.slice());
    await stream.closeWrite();
  });
  const [opened, closed] = [new Mailbox<PeerConnection>(), new Mailbox<PeerConnection>()];
  network.listen({ opened: (one) => opened.put(one), closed: (one) => closed.put(one) });
  const node = { peer, network, reach, opened, closed, changed };
  carriers.add(node);
  return node;
}

/** The one that dials pipes, and the other. */
async function startTwo(
  carriers: Carriers,
  ...interfaces: [] | [[]]
): Promise<[Reacher, Reacher]> {
  const two = [
    await startNode(carriers, ...interfaces),
    await startNode(carriers, ...interfaces),
  ];
  return two.toSorted((a, b) => dialsPipe(a.peer, b.peer) ? -1 : 1) as [Reacher, Reacher];
}

const { signal } = new AbortController();

async function echoes(connection: PeerConnection): Promise<void> {
  const stream = await connection.openStream(ECHO, signal);
  await stream.write(Uint8Array.of(1, 2, 3));
  assert.deepEqual([...await stream.read() ?? []], [1, 2, 3]);
  await stream.closeWrite();
  await stream.release();
}

for (const who of ["the one that dials pipes", "the other"] as const) {
  Deno.test(`a peer that can't be dialled is reached over another node, and directly: ${who}`, async () => {
    await using stack = usingStack();
    await using carriers = new Carriers(stack);
    const [low, high] = await startTwo(carriers);
    const [near, far] = who === "the other" ? [high, low] : [low, high];
    const connection = await near.network.dial({ peer: far.peer, addresses: [], signal });
    assert.match(connection.remoteAddress, /p2p-circuit/);
    await echoes(connection);
    while (near.reach.ways().get(far.peer)?.kind !== "direct") await echoes(connection);
    connection.abort(new Error("The test ends it"));
    await near.closed.take();
    await far.closed.take();
    for (const { reach, changed } of [near, far]) {
      while (reach.ways().size > 0) await changed.take();
    }
  });
}

for (const who of ["the one that dials pipes", "the other"] as const) {
  Deno.test(`whoever doubts a peer reached by a pipe gets a second connection, over another node: ${who}`, async () => {
    await using stack = usingStack();
    await using carriers = new Carriers(stack);
    const [low, high] = await startTwo(carriers);
    const [near, far] = who === "the other" ? [high, low] : [low, high];
    const request = { peer: far.peer, addresses: [], signal };
    const first = await near.network.dial(request);
    const { by, kind } = near.reach.ways().get(far.peer)!;
    const second = await near.network.dial({ ...request, fresh: true });
    assert.notEqual(second.id, first.id);
    assert.match(second.remoteAddress, /p2p-circuit/);
    if (kind === "relayed" || who === "the other") {
      assert.notEqual(near.reach.ways().get(far.peer)?.by, by);
    }
    for (const connection of [first, second]) await echoes(connection);
  });
}

Deno.test("a dead peer that is doubted gives no connection, and is not reached by its pipe any more", async () => {
  await using stack = usingStack();
  await using carriers = new Carriers(stack);
  const [near, far] = await startTwo(carriers);
  const request = { peer: far.peer, addresses: [], signal };
  await near.network.dial(request);
  for (const by of [...carriers.ids]) carriers.kill(by);
  await far.network.stop();
  await assert.rejects(near.network.dial({ ...request, fresh: true }), UnreachableError);
  while (near.reach.ways().size > 0) await near.changed.take();
});

Deno.test("a node that carries and goes is replaced under the living connection", async () => {
  await using stack = usingStack();
  await using carriers = new Carriers(stack);
  const [near, far] = await startTwo(carriers);
  const connection = await near.network.dial({ peer: far.peer, addresses: [], signal });
  const first = near.reach.ways().get(far.peer)!.by;
  carriers.kill(first);
  while (near.reach.ways().get(far.peer)?.by === first) await echoes(connection);
  await echoes(connection);
  assert.equal(near.reach.ways().get(far.peer)?.by, carriers.ids[0]);
  assert.equal(connection.isOpen, true);
});

for (const who of ["the one that dials pipes", "the other"] as const) {
  Deno.test(`a peer that is dialled as soon as its connection has ended is reached over a slow line: ${who}`, async () => {
    await using stack = usingStack();
    await using carriers = new Carriers(stack);
    const [low, high] = await startTwo(carriers, []);
    const [near, far] = who === "the other" ? [high, low] : [low, high];
    const request = { peer: far.peer, addresses: [], signal };
    const first = await near.network.dial(request);
    carriers.delayMs = 150;
    first.abort(new Error("The test ends it"));
    await near.closed.take();
    const second = await near.network.dial(request);
    await echoes(second);
    assert.equal(near.reach.ways().get(far.peer)?.kind, "relayed");
  });
}

Deno.test("where no node carries, the dial fails as it would without", async () => {
  await using stack = usingStack();
  await using carriers = new Carriers(stack);
  const [near, far] = await startTwo(carriers);
  for (const by of [...carriers.ids]) carriers.kill(by);
  for (const node of [near, far]) {
    const other = node === near ? far : near;
    await assert.rejects(
      node.network.dial({ peer: other.peer, addresses: [], signal }),
      UnreachableError,
    );
    assert.equal(node.reach.ways().size, 0);
  }
});
