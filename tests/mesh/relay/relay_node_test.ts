import "../leak_guard.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Mesh, RefusedError } from "../../../src/mesh/mod.ts";
import { makeClaim, NoRelayError } from "../../../src/mesh/relay_node.ts";
import { claimOf, startRelay } from "./relay_here.ts";
import { encodeClaim, parseClaim } from "../../../src/mesh/relay/claim.ts";
import { CLAIM_PROTOCOL } from "../../../src/mesh/relay/claim_exchange.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import { formatAddress } from "../../../src/mesh/base/addresses.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { TestMeshes, until } from "../test_mesh.ts";

const hasRelay = (mesh: Mesh) => mesh.relays().some(({ connected }) => connected);
const lives = (mesh: Mesh) => until(mesh, () => hasRelay(mesh));

Deno.test("a relay is claimed, all members of the mesh connect to it, and it is the same after a restart", async () => {
  await using meshes = new TestMeshes();
  const dataDir = meshes.directory("relay");
  await assert.rejects(makeClaim(dataDir), NoRelayError);
  await using first = await startRelay(dataDir);
  assert.equal(first.isFree, true);
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const added = await founder.addRelay(await claimOf(dataDir), "vps");
  await Promise.all([lives(founder), lives(second)]);
  const before = await first.status();
  assert.equal(added.peer, before.peer);
  const carried = { pairs: 0, bytes: 0, dropped: 0 };
  assert.deepEqual(before.meshes, [{ mesh: founder.meshId, peers: 2, ...carried }]);
  for (const mesh of [founder, second]) {
    assert.deepEqual(mesh.relays().map(({ peer }) => peer), [before.peer]);
    assert.equal(mesh.members().length, 1);
    assert.equal(mesh.counters().joinsRefused, 0);
  }
  assert.ok((await founder.invite({ role: "member" })).length > 0);
  const third = await meshes.member("third", { token: await founder.invite({ role: "member" }) });
  await lives(third);
  await first.stop();
  for (const mesh of [founder, second]) await until(mesh, () => !hasRelay(mesh));
  await using relay = await startRelay(dataDir);
  const after = await relay.status();
  assert.deepEqual([after.peer, after.port], [before.peer, before.port]);
  assert.deepEqual(after.meshes.map(({ mesh }) => mesh), [founder.meshId]);
  await Promise.all([lives(founder), lives(second), lives(third)]);
  await founder.stop();
  const again = await meshes.member("founder");
  await lives(again);
  await again.removeRelay(after.peer);
  // Each lists the relays of all: it is gone from the lists once the last has heard of it.
  await Promise.all(
    [again, second, third].map((mesh) => until(mesh, () => mesh.relays().length === 0)),
  );
  while (!relay.isFree) await new Promise((done) => setTimeout(done, 5));
});

Deno.test("a relay that comes back with another address tells it, and all members find it there", async () => {
  await using meshes = new TestMeshes();
  const dataDir = meshes.directory("relay");
  await using first = await startRelay(dataDir);
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  await founder.addRelay(await claimOf(dataDir));
  await Promise.all([founder, second].map(lives));
  const { peer } = await first.status();
  await first.stop();
  for (const mesh of [founder, second]) await until(mesh, () => !hasRelay(mesh));
  const file = join(dataDir, "relay.json");
  const own = JSON.parse(await Deno.readTextFile(file));
  await using taken = await startRelay(meshes.directory("another relay"));
  const { port } = await taken.status();
  await Deno.writeTextFile(file, JSON.stringify({ ...own, port }));
  await assert.rejects(startRelay(dataDir), /is in use by another program/);
  await Deno.writeTextFile(file, JSON.stringify({ ...own, port: null }));
  await using back = await startRelay(dataDir);
  await Promise.all([founder, second].map(lives));
  const { addresses } = await back.status();
  for (const mesh of [founder, second]) {
    await until(mesh, () => mesh.relays()[0]?.addresses[0] === addresses[0]);
    assert.deepEqual(mesh.relays().map((one) => one.peer), [peer]);
  }
  await second.stop();
  const again = await meshes.member("second");
  await lives(again);
});

Deno.test("a claim for a mesh that has the relay takes the old one's place, and leaves it where it can't be used", async () => {
  await using meshes = new TestMeshes();
  const dataDir = meshes.directory("relay");
  await using first = await startRelay(dataDir);
  const member = await meshes.member("member");
  await member.addRelay(await claimOf(dataDir));
  await lives(member);
  const claim = await claimOf(dataDir);
  const place = join(dataDir, "meshes", `${member.meshId}.2`);
  await Deno.writeTextFile(place, "no folder can be made here");
  const [before] = member.relays();
  await assert.rejects(member.addRelay(claim), /could not be taken in/);
  assert.deepEqual(member.relays(), [before]);
  assert.deepEqual((await first.status()).meshes.map(({ peers }) => peers), [1]);
  await member.addRelay(claim);
  assert.deepEqual(
    [...Deno.readDirSync(join(dataDir, "meshes"))].map(({ name }) => name),
    [`${member.meshId}.2`],
  );
  await lives(member);
  await first.stop();
  await until(member, () => !hasRelay(member));
  await using again = await startRelay(dataDir);
  assert.deepEqual((await again.status()).meshes.map(({ mesh }) => mesh), [member.meshId]);
  await lives(member);
});

Deno.test("a node that stops waits for no relay that is silent, and keeps none", async () => {
  await using meshes = new TestMeshes();
  const member = await meshes.member("member");
  const silent = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  using _end = { [Symbol.dispose]: () => silent.close() };
  const { port } = silent.addr as Deno.NetAddr;
  const peer = peerIdOf(SigningKey.generate().publicKey);
  const addresses = [formatAddress({ ip: "127.0.0.1", port, peer })];
  const adding = member.addRelay(encodeClaim({ peer, addresses, secret: new Uint8Array(16) }));
  const ended = assert.rejects(adding, /This node stops/);
  await silent.receive();
  await member.stop();
  await ended;
  assert.deepEqual(member.relays(), []);
});

Deno.test("two meshes have one relay, by a claim each; used, wrong, altered and foreign ones are refused by name", async () => {
  await using meshes = new TestMeshes();
  const dataDir = meshes.directory("relay");
  await using relay = await startRelay(dataDir);
  await using _other = await startRelay(meshes.directory("other relay"));
  const [one, two] = await Promise.all([meshes.member("one"), meshes.member("two")]);
  const claim = await claimOf(dataDir);
  await one.addRelay(claim);
  await assert.rejects(two.addRelay(claim), /The relay refuses: this claim was used already/);
  await assert.rejects(one.addRelay(claim), RefusedError);
  const { secret: _, ...rest } = parseClaim(claim);
  const wrong = encodeClaim({ ...rest, secret: new Uint8Array(16).fill(1) });
  await assert.rejects(two.addRelay(wrong), /it has not made this claim/);
  const { addresses } = parseClaim(await claimOf(meshes.directory("other relay")));
  const places = addresses.map((text) => text.replace(/p2p\/.*/, `p2p/${rest.peer}`));
  const foreign = encodeClaim({ ...parseClaim(await claimOf(dataDir)), addresses: places });
  await assert.rejects(two.addRelay(foreign), /Cannot reach/);
  await assert.rejects(
    two.addRelay(await two.invite({ role: "member" })),
    /not a claim of a relay/,
  );
  const member = await meshes.member("m", {
    token: await two.invite({ role: "member", mayInvite: false }),
  });
  await assert.rejects(member.addRelay(await claimOf(dataDir)), /may not invite/);
  assert.deepEqual(
    two.invites().filter(({ role, state }) => role === "relay" && state === "valid"),
    [],
  );
  await two.addRelay(await claimOf(dataDir));
  await Promise.all([lives(one), lives(two), lives(member)]);
  const { meshes: served } = await relay.status();
  const peers = Object.fromEntries(served.map(({ mesh, peers }) => [mesh, peers]));
  assert.deepEqual(peers, { [one.meshId]: 1, [two.meshId]: 2 });
  assert.deepEqual([one.members().length, two.members().length], [0, 1]);
});

Deno.test("a stranger gets nothing of a relay: neither a claim with no secret, nor garbage, nor a mesh that it does not know", async () => {
  await using meshes = new TestMeshes();
  const dataDir = meshes.directory("relay");
  await using relay = await startRelay(dataDir);
  const network = await startLibp2p(SigningKey.generate());
  try {
    const stranger = await meshes.member("stranger");
    const { peer, addresses } = await relay.status();
    await assert.rejects(
      stranger.open(peer, "/mesh-llm/renewal/1"),
      /No address|Cannot reach/,
    );
    const { signal } = new AbortController();
    for (const bytes of [new Uint8Array(8), new Uint8Array(64).fill(255)]) {
      for (const protocol of [CLAIM_PROTOCOL, "/mesh-llm/join/1"]) {
        const connection = await network.dial({ peer, addresses, signal, fresh: true });
        const stream = await connection.openStream(protocol, signal);
        await stream.write(bytes);
        await stream.closeWrite();
        await assert.rejects(async () => {
          while (await stream.read() !== null);
          throw new Error("ended");
        });
        connection.abort(new Error("done"));
      }
    }
    const own = parseClaim(await claimOf(dataDir));
    const token = await stranger.invite({ role: "member" });
    const { presentClaim } = await import("../../../src/mesh/relay/claim_exchange.ts");
    await assert.rejects(presentClaim(own, token), /wants to be no more than a relay/);
    await assert.rejects(presentClaim(own, "mesh1_nonsense"), /cut or altered/);
    assert.equal((await relay.status()).openClaims, 1);
    assert.equal(relay.isFree, true);
  } finally {
    await network.stop();
  }
});
