import { endLibp2pLeaks } from "../leak_guard.ts";
import assert from "node:assert/strict";
import type { Credential } from "../../../src/mesh/trust/credential.ts";
import { peerIdOf, type SigningKey } from "../../../src/mesh/base/keys.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { PeerId } from "../../../src/mesh/mod.ts";
import type { NetworkStream, PeerConnection } from "../../../src/mesh/link/network.ts";
import type { PeerNetwork } from "../../../src/mesh/link/peer_network.ts";
import { Mailbox } from "../quic/mailbox.ts";
import { invited, peerNetworkOf } from "../raw_node.ts";
import { TestMeshes } from "../test_mesh.ts";

const PROTOCOL = "/mesh-llm/rpc/1";

/** One end: what it accepts, admits, supersedes and loses arrives in mailboxes. */
class Node implements AsyncDisposable {
  readonly admitted = new Mailbox<PeerConnection>();
  readonly superseded = new Mailbox<PeerConnection>();
  readonly closed = new Mailbox<PeerConnection>();
  readonly streams = new Mailbox<NetworkStream>();

  private constructor(
    readonly self: PeerId,
    readonly address: string,
    readonly peers: PeerNetwork,
  ) {
    peers.subscribe(({ type, connection }) => this[type].put(connection));
    peers.handle(PROTOCOL, { maxStreams: 8 }, async (stream) => {
      this.streams.put(stream);
      await stream.ended;
    });
  }

  static async start({ key, credential }: { key: SigningKey; credential: Credential }) {
    const network = await startLibp2p(key);
    const port = await network.bind(null);
    const self = peerIdOf(key.publicKey);
    const peers = peerNetworkOf(network, { key, credential, role: "member" });
    return new Node(self, `/ip4/127.0.0.1/udp/${port}/quic-v1/p2p/${self}`, peers);
  }

  /** Dials, whatever connection there is already. */
  async dial(other: Node): Promise<void> {
    const { signal } = new AbortController();
    await this.peers.handshake({ peer: other.self, addresses: [other.address], signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peers.stop();
  }
}

/** The one with the lower PeerId first. */
async function startPair(meshes: TestMeshes): Promise<[low: Node, high: Node]> {
  const founder = await meshes.member("founder");
  const nodes = await Promise.all([0, 1].map(async () => Node.start(await invited(founder))));
  const [low, high] = nodes.toSorted((a, b) => a.self < b.self ? -1 : 1);
  assert.ok(low && high);
  return [low, high];
}

async function read(stream: NetworkStream, count: number): Promise<number> {
  let length = 0;
  while (length < count) length += (await stream.read())?.byteLength ?? assert.fail("ended early");
  return length;
}

Deno.test("of two dials that cross one connection stays, and what is under way on the other survives", async () => {
  await using meshes = new TestMeshes();
  const [low, high] = await startPair(meshes);
  await high.dial(low);
  const loser = await high.admitted.take();
  await low.admitted.take();
  const near = await high.peers.open(PROTOCOL, { peer: low.self, addresses: [] });
  await near.write(Uint8Array.of(1));
  const far = await low.streams.take();
  await read(far, 1);

  await low.dial(high);
  assert.equal(await high.superseded.take(), loser);
  assert.equal((await low.superseded.take()).direction, "inbound");
  for (const [from, to] of [[near, far], [far, near]] as const) {
    await Promise.all([from.write(new Uint8Array(100_000)), read(to, 100_000)]);
  }
  assert.equal(loser.isOpen, true);
  assert.equal(high.peers.connectionTo(low.self)?.direction, "inbound");
  assert.equal(low.peers.connectionTo(high.self)?.direction, "outbound");
  await Promise.all([near.closeWrite(), far.closeWrite()]);
  assert.deepEqual([await near.read(), await far.read()], [null, null]);
  assert.equal(await high.closed.take(), loser);
  await low.closed.take();
  assert.ok(high.peers.isConnected(low.self) && low.peers.isConnected(high.self));
  await Promise.all([low, high].map((node) => node[Symbol.asyncDispose]()));
  endLibp2pLeaks();
});

Deno.test("a connection dialled beside another takes over from it", async () => {
  await using meshes = new TestMeshes();
  const [low, high] = await startPair(meshes);
  await low.dial(high);
  const first = await low.admitted.take();
  await low.dial(high);
  assert.equal(await low.superseded.take(), first);
  assert.equal(await low.closed.take(), first);
  assert.equal(low.peers.connectionTo(high.self), await low.admitted.take());
  await Promise.all([low, high].map((node) => node[Symbol.asyncDispose]()));
  endLibp2pLeaks();
});

Deno.test("a connection that a listener fails to take in ends, and the others hear of its beginning before its end", async () => {
  await using meshes = new TestMeshes();
  const [low, high] = await startPair(meshes);
  const heard: string[] = [];
  low.peers.subscribe(({ type }) => {
    if (type === "admitted") throw new Error("No room for it");
  });
  low.peers.subscribe(({ type }) => heard.push(type));
  await low.dial(high);
  assert.equal(await low.admitted.take(), await low.closed.take());
  assert.deepEqual(heard, ["admitted", "closed"]);
  assert.equal(low.peers.isConnected(high.self), false);
  await Promise.all([low, high].map((node) => node[Symbol.asyncDispose]()));
  endLibp2pLeaks();
});
