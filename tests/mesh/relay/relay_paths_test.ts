/** Datagrams over a third node, by real QUIC. */

import "../leak_guard.ts";
import assert from "node:assert/strict";
import { type Mesh, type PeerId, RelayNode } from "../../../src/mesh/mod.ts";
import type { MovingMesh } from "../../../src/mesh/moving_mesh.ts";
import type { RelayPath } from "../../../src/mesh/relay/relay_path.ts";
import type { RelayedPeer } from "../../../src/mesh/relay/relay_paths.ts";
import { RELAY_PROTOCOL, relayMessages } from "../../../src/mesh/relay/relay_wire.ts";
import { raceSignal } from "../../../src/base/race_signal.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { NetworkStream } from "../../../src/mesh/link/network.ts";
import { claimOf, startRelay } from "./relay_here.ts";
import { NodeProcess } from "../../support/node_process.ts";
import { programCommand, temporaryFolder } from "../../support/program.ts";
import { invited, peerNetworkOf, RawNode } from "../raw_node.ts";
import { TestMeshes, until } from "../test_mesh.ts";
import { z } from "zod";

const pathsOf = (mesh: Mesh) => (mesh as MovingMesh).paths;
const connected = (mesh: Mesh, count = 1) =>
  until(mesh, () => mesh.relays().filter(({ connected }) => connected).length >= count);

/** The next path that a peer opens to this node. */
function nextPeer(mesh: Mesh): Promise<RelayedPeer> {
  const { promise, resolve } = Promise.withResolvers<RelayedPeer>();
  pathsOf(mesh).onPeer = resolve;
  return promise;
}

/** So many datagrams as they come. */
function received(path: RelayPath, count: number): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  const { promise, resolve } = Promise.withResolvers<Uint8Array[]>();
  path.onDatagram = (datagram) => {
    all.push(datagram.slice());
    if (all.length === count) resolve(all);
  };
  return promise;
}

/** Members know each other before each is connected to each. */
async function meet(one: Mesh, other: Mesh): Promise<void> {
  await one.open(other.self, "/mesh-llm/routes/1");
}

async function pair(from: Mesh, by: PeerId, to: Mesh): Promise<[RelayPath, RelayPath]> {
  const peer = nextPeer(to);
  const near = await pathsOf(from).open({ by, to: to.self });
  const far = await peer;
  assert.deepEqual([far.peer, far.by], [from.self, by]);
  return [near, far.path];
}

Deno.test("datagrams of all sizes cross a relay and a common member, both ways, whole and in order", async () => {
  await using meshes = new TestMeshes();
  const dataDir = meshes.directory("relay");
  await using relay = await startRelay(dataDir);
  const [ann, bob, cid] = await meshes.group("ann", "bob", "cid");
  assert.ok(ann && bob && cid);
  const { peer } = await ann.addRelay(await claimOf(dataDir));
  await Promise.all([ann, bob].map((mesh) => connected(mesh)));
  await Promise.all([ann, bob].map((mesh) => meet(mesh, cid)));
  for (const by of [peer, cid.self]) {
    const ends = await pair(ann, by, bob);
    for (const [from, to] of [ends, [...ends].reverse()] as [RelayPath, RelayPath][]) {
      const sizes = Array.from({ length: 40 }, (_, i) => 1 + (i * 199) % 1_200);
      const all = received(to, sizes.length);
      const buffer = new Uint8Array(1_200);
      sizes.forEach((size, i) => from.send(buffer.fill(i).subarray(0, size)));
      assert.deepEqual(
        await all,
        sizes.map((size, i) => new Uint8Array(size).fill(i)),
      );
    }
    ends[0].close();
    await Promise.all(ends.map(({ closed }) => closed));
  }
  const { meshes: [status] } = await relay.status();
  assert.ok(status && status.bytes > 0 && status.dropped === 0);
  assert.equal(pathsOf(cid).carried.bytes, status.bytes);
});

Deno.test("a flood is dropped where it begins and waits nowhere; what arrives is right and in order", async () => {
  await using meshes = new TestMeshes();
  const [ann, bob, cid] = await meshes.group("ann", "bob", "cid");
  assert.ok(ann && bob && cid);
  await Promise.all([ann, bob].map((mesh) => meet(mesh, cid)));
  const [near, far] = await pair(ann, cid.self, bob);
  let last = -1;
  let count = 0;
  const done = Promise.withResolvers<void>();
  far.onDatagram = (datagram) => {
    const mark = new DataView(datagram.buffer, datagram.byteOffset).getUint32(0);
    assert.ok(mark > last && datagram.byteLength === 1_200 && datagram[1_199] === mark % 251);
    last = mark;
    count += 1;
    if (mark >= 20_000) done.resolve();
  };
  const buffer = new Uint8Array(1_200);
  const put = (mark: number) => {
    new DataView(buffer.buffer).setUint32(0, mark);
    buffer[1_199] = mark % 251;
    near.send(buffer);
  };
  for (let mark = 0; mark < 20_000; mark++) put(mark);
  const timer = setInterval(() => put(20_000), 5);
  await done.promise;
  clearInterval(timer);
  assert.ok(count < 5_000 && count > 50, `${count} of 20,000`);
});

Deno.test("a node carries to members that are connected to it, and for nobody else", async () => {
  await using meshes = new TestMeshes();
  const dataDir = meshes.directory("relay");
  await using _relay = await startRelay(dataDir);
  const [ann, bob] = await meshes.group("ann", "bob");
  assert.ok(ann && bob);
  const { peer } = await ann.addRelay(await claimOf(dataDir));
  await Promise.all([ann, bob].map((mesh) => connected(mesh)));
  await meet(bob, ann);
  const token = await ann.invite({ role: "client" });
  const client = await meshes.start("client", { role: "client", token });
  await client.open(ann.self, "/mesh-llm/routes/1");
  const open = (to: PeerId, by = peer) => pathsOf(ann).open({ by, to });
  pathsOf(bob).refuse();
  await assert.rejects(open(bob.self), /takes no relayed paths now/);
  await assert.rejects(open(ann.self), /not connected to that node/);
  // The token may have led the client to the relay as well.
  await assert.rejects(open(client.self), /not connected to that node|nothing to a client/);
  await assert.rejects(open(bob.self, client.self), /did not accept a stream/);
  await assert.rejects(
    pathsOf(bob).open({ by: ann.self, to: client.self }),
    /carries nothing to a client/,
  );
  await assert.rejects(pathsOf(bob).open({ by: ann.self, to: peer }), /carries nothing to a relay/);
  const peerOf = nextPeer(bob);
  const path = await pathsOf(client).open({ by: ann.self, to: bob.self });
  assert.equal((await peerOf).peer, client.self);
  assert.equal(pathsOf(ann).carried.pairs, 1);
  path.close();
  await path.closed;
});

Deno.test("a relay or a node that says what none says is cut off from the pair, and counted", async () => {
  await using meshes = new TestMeshes();
  const [ann, bob] = await meshes.group("ann", "bob");
  assert.ok(ann && bob);
  const mallory = await invited(ann);
  await using raw = await RawNode.start(mallory.key, mallory.credential);
  await meet(bob, ann);
  for (const bytes of [Uint8Array.of(0, 0), Uint8Array.of(255, 255, 1)]) {
    const peerOf = nextPeer(bob);
    const stream = await raw.open(ann, RELAY_PROTOCOL);
    const messages = relayMessages(stream);
    await messages.write({ to: bob.self });
    const { ok } = await messages.expect(z.object({ ok: z.boolean() }), "answer");
    assert.equal(ok, true);
    const { path } = await peerOf;
    await stream.write(bytes);
    await path.closed;
    await assert.rejects(async () => {
      while (await stream.read() !== null);
      throw new Error("ended");
    });
  }
  // A relay that claims to carry for the node itself, or that wants to be carried for.
  const relay = await invited(ann, "relay");
  await using liar = await RawNode.start(relay.key, relay.credential, "relay");
  pathsOf(ann).onPeer = () => assert.fail("nobody is there");
  const refused = await liar.open(ann, RELAY_PROTOCOL);
  await relayMessages(refused).write({ to: bob.self });
  await assert.rejects(async () => {
    while (await refused.read() !== null);
    throw new Error("ended");
  });
  assert.equal(pathsOf(ann).carried.pairs, 0);
  assert.equal(ann.members().length >= 1, true);
});

Deno.test("a relay that brings peers without end leaves room for those whom others bring", async () => {
  await using meshes = new TestMeshes();
  const ann = await meshes.member("ann");
  pathsOf(ann).onPeer = () => undefined;
  const [liar, honest] = [await invited(ann, "relay"), await invited(ann, "relay")];
  const bring = async (raw: RawNode) => {
    const stream = await raw.open(ann, RELAY_PROTOCOL);
    const messages = relayMessages(stream);
    await messages.write({ from: peerIdOf(SigningKey.generate().publicKey) });
    return (await messages.expect(z.object({ ok: z.boolean() }), "answer")).ok;
  };
  await using one = await RawNode.start(liar.key, liar.credential, "relay");
  await using other = await RawNode.start(honest.key, honest.credential, "relay");
  let taken = 0;
  while (taken <= 100 && await bring(one)) taken += 1;
  assert.equal(taken, 64);
  assert.equal(await bring(other), true);
});

Deno.test("a node that gives up before the other end has answered leaves no path behind at either", async () => {
  await using meshes = new TestMeshes();
  const ann = await meshes.member("ann");
  const [mallory, bob] = [await invited(ann), await invited(ann)];
  await using near = await RawNode.start(mallory.key, mallory.credential);
  const far = await startLibp2p(bob.key);
  await using _ends = { [Symbol.asyncDispose]: () => far.stop() };
  const peers = peerNetworkOf(far, { ...bob, role: "member" });
  const asked = Promise.withResolvers<NetworkStream>();
  const held = Promise.withResolvers<void>();
  peers.handle(RELAY_PROTOCOL, { maxStreams: 1 }, (stream) => {
    asked.resolve(stream);
    return held.promise;
  });
  const signal = AbortSignal.timeout(20_000);
  await peers.connect({ peer: ann.self, addresses: ann.addresses(), signal });
  const stream = await near.open(ann, RELAY_PROTOCOL);
  await relayMessages(stream).write({ to: peerIdOf(bob.key.publicKey) });
  const answering = await asked.promise;
  stream.reset(new Error("The node was reached in another way"));
  // The other end has read on in the connection, and with that the end of the stream.
  await (await near.gossip(ann)).messages.read(z.unknown(), "first message");
  const messages = relayMessages(answering);
  await messages.expect(z.object({ from: z.string() }), "question");
  await messages.write({ ok: true });
  await raceSignal(answering.read().catch(() => null), signal);
  assert.equal(pathsOf(ann).carried.pairs, 0);
  held.resolve();
});

Deno.test("kill -9 of a relay with 20 pairs: all of them end within 10 s, and are there again over another", async () => {
  await using meshes = new TestMeshes();
  const folder = await temporaryFolder();
  const args = [
    "relay",
    "--json",
    "--address",
    "127.0.0.1",
    "--data-dir",
    meshes.directory("killed"),
  ];
  const child = programCommand(args, {}, folder.path).spawn();
  await using killed = new NodeProcess("relay", meshes.directory("killed"), child, folder);
  const dataDir = meshes.directory("relay");
  await using _relay: RelayNode = await startRelay(dataDir);
  const all = await meshes.group("a", "b", "c", "d", "e");
  const [founder] = all;
  assert.ok(founder);
  const first = await founder.addRelay(String((await killed.waitFor("relay")).claim));
  const second = await founder.addRelay(await claimOf(dataDir));
  await Promise.all(all.map((mesh) => connected(mesh, 2)));
  const pairs = all.flatMap((from) =>
    all.filter((to) => to !== from).map((to) => [from, to] as const)
  );
  const openAll = async (by: PeerId) => {
    for (const mesh of all) pathsOf(mesh).onPeer = () => undefined;
    return await Promise.all(pairs.map(([from, to]) => pathsOf(from).open({ by, to: to.self })));
  };
  const paths = await openAll(first.peer);
  assert.equal(paths.length, 20);
  const startedMs = performance.now();
  killed.kill("SIGKILL");
  await Promise.all(paths.map(({ closed }) => closed));
  await openAll(second.peer);
  assert.ok(performance.now() - startedMs < 10_000);
});
