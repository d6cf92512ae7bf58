import "./leak_guard.ts";
import assert from "node:assert/strict";
import { MESH_TIMINGS } from "../../src/mesh/config.ts";
import { content } from "./content.ts";
import { nextEvent, TestMeshes, until } from "./test_mesh.ts";

Deno.test("a node that joins by token and the founder see each other", async () => {
  await using meshes = new TestMeshes();
  const [founder, joiner] = await meshes.group("founder", "joiner");
  assert.ok(founder && joiner);
  assert.equal(founder.members()[0]?.peer, joiner.self);
  assert.equal(joiner.members()[0]?.machine.name, "founder");
  assert.equal(joiner.meshId, founder.meshId);
  await until(founder, () => founder.rttMs(joiner.self) !== undefined);
  const measured = founder.measuredRttMs(joiner.self);
  assert.ok(measured !== undefined && measured > 0 && measured !== founder.rttMs(joiner.self));
});

Deno.test("an announcement reaches all members, and members are in the order of their PeerIds", async () => {
  await using meshes = new TestMeshes();
  const all = await meshes.group("a", "b", "c");
  const [first] = all;
  first?.announce(content({ name: "a", wanted: ["qwen"] }));
  for (const mesh of all) {
    await until(mesh, () => mesh === first || mesh.routes().wanted.includes("qwen"));
    const peers = mesh.members().map(({ peer }) => peer);
    assert.deepEqual(peers, peers.toSorted());
    assert.equal(peers.includes(mesh.self), false);
  }
});

Deno.test("members that cannot be dialled hear of each other through one that can", async () => {
  await using meshes = new TestMeshes();
  const hub = await meshes.member("hub");
  const token = await hub.invite({ role: "member" });
  const hidden = { token, interfaces: () => [] };
  const left = await meshes.member("left", hidden);
  const right = await meshes.member("right", hidden);
  await until(left, () => left.members().length === 2);
  await until(right, () => right.members().length === 2);
  right.announce(content({ name: "right", wanted: ["news"] }));
  await until(left, () => left.routes().wanted.includes("news"));
  assert.ok(left.members().some(({ peer }) => peer === right.self));
});

Deno.test("a token of a member that died lets a third join through the second", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const token = await founder.invite({ role: "member" });
  const gone = until(second, () => second.members().length === 0);
  await founder.stop();
  await gone;
  const third = await meshes.member("third", { token });
  await until(third, () => third.members().some(({ peer }) => peer === second.self));
  await until(second, () => second.members().some(({ peer }) => peer === third.self));
});

Deno.test("a member that stops says goodbye, and is gone for the others", async () => {
  await using meshes = new TestMeshes();
  const [founder, second, third] = await meshes.group("founder", "second", "third");
  assert.ok(founder && second && third);
  const left = [founder, third].map((mesh) =>
    nextEvent(mesh, (event) => event.type === "peer" && event.peer === second.self)
  );
  await second.stop();
  for (const event of await Promise.all(left)) {
    assert.ok(event.type === "peer" && event.change === "left");
  }
  assert.equal(founder.members().length, 1);
});

Deno.test("a closely watched member that is killed is found dead long before its connection is", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "member" });
  const { child, peer } = await meshes.process("killed", token);
  await until(founder, () => founder.members().length === 1);
  founder.watchClosely([peer]);
  const died = nextEvent(founder, (event) => event.type === "peer" && event.change === "died");
  const killedAt = performance.now();
  child.kill("SIGKILL");
  await died;
  assert.ok(performance.now() - killedAt < MESH_TIMINGS.idleMs / 2);
  assert.deepEqual(founder.members(), []);
});

Deno.test("a killed member is found dead at once when a use of it fails", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "member" });
  const { child, peer } = await meshes.process("killed", token);
  await until(founder, () => founder.members().length === 1);
  child.kill("SIGKILL");
  await child.status;
  const died = nextEvent(founder, (event) => event.type === "peer" && event.change === "died");
  founder.suspect(peer, "a test says so");
  await died;
});

Deno.test("a process that exits without a goodbye closes its connections, which is found out", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const { child } = await meshes.process("exits", await founder.invite({ role: "member" }));
  await until(founder, () => founder.members().length === 1);
  const died = nextEvent(founder, (event) => event.type === "peer" && event.change === "died");
  const exitedAt = performance.now();
  child.kill("SIGTERM");
  await died;
  assert.ok(performance.now() - exitedAt < MESH_TIMINGS.idleMs / 2);
});

Deno.test("suspicion of a living member changes nothing", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  let died = false;
  founder.subscribe((event) => died ||= event.type === "peer");
  founder.suspect(second.self, "a test says so");
  second.announce(content({ name: "second", wanted: ["after"] }));
  await until(founder, () => founder.routes().wanted.includes("after"));
  await founder.stop();
  assert.equal(died, false);
});

Deno.test("a node that starts again in its directory replaces its old self", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const before = founder.members()[0];
  await second.stop();
  await until(founder, () => founder.members().length === 0);
  const again = await meshes.member("second");
  await until(founder, () => founder.members().length === 1);
  const after = founder.members()[0];
  assert.equal(again.self, second.self);
  assert.equal(after?.peer, before?.peer);
  assert.ok(after && before && after.incarnation > before.incarnation);
  assert.deepEqual(after.addresses, before.addresses);
});

Deno.test("a killed node that starts again is taken for itself, whatever its old connection says", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "member" });
  const { child, peer } = await meshes.process("killed", token);
  await until(founder, () => founder.members().length === 1);
  const incarnation = founder.members()[0]?.incarnation ?? 0;
  child.kill("SIGKILL");
  await child.status;
  const again = await meshes.member("killed");
  assert.equal(again.self, peer);
  await until(founder, () => (founder.members()[0]?.incarnation ?? 0) > incarnation);
  assert.equal(founder.members().length, 1);
});

Deno.test("a member finds its mesh again when all others were away", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  await founder.stop();
  await until(second, () => second.members().length === 0);
  await meshes.member("founder");
  await until(second, () => second.members().length === 1);
});
