import "./leak_guard.ts";
import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { type Mesh, NotAllowedError, UnreachableError } from "../../src/mesh/mod.ts";
import { content } from "./content.ts";
import { TestMeshes, until } from "./test_mesh.ts";

const ECHO = "/mesh-llm/rpc/1";

/** A founder, another, and one that stands by. */
async function withStandby(meshes: TestMeshes): Promise<[Mesh, Mesh, Mesh]> {
  const [founder, second, standby] = await meshes.group("founder", "second", "standby");
  assert.ok(founder && second && standby);
  const gone = [founder, second].map((mesh) => until(mesh, () => mesh.members().length === 1));
  await standby.standBy();
  await Promise.all(gone);
  return [founder, second, standby];
}

function echo(mesh: Mesh): void {
  mesh.handle(ECHO, { maxStreams: 8 }, async (stream) => {
    for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
      await stream.write(bytes);
    }
    await stream.closeWrite();
  });
}

Deno.test("a member that stands by is in nobody's list, and follows the routing table", async () => {
  await using meshes = new TestMeshes();
  const [founder, second, standby] = await withStandby(meshes);
  assert.equal(standby.passive, true);
  assert.deepEqual(standby.members(), []);
  assert.ok(standby.routes().nodes.length >= 2, "what it knows from before");
  founder.announce(content({ name: "founder", wanted: ["qwen"] }));
  await until(second, () => second.routes().wanted.includes("qwen"));
  const table = await standby.refreshRoutes({ force: true });
  assert.deepEqual(table.wanted, ["qwen"]);
  assert.deepEqual(table.nodes.map(({ peer }) => peer), [founder.self, second.self].sort());
  assert.ok(founder.clientsConnected() + second.clientsConnected() >= 1);
  await standby.standBy();
  assert.equal(standby.passive, true, "twice is once");
});

Deno.test("a standby that joins the gossip again is known at once, under a higher incarnation", async () => {
  await using meshes = new TestMeshes();
  const [founder, second, standby] = await meshes.group("founder", "second", "standby");
  assert.ok(founder && second && standby);
  const lifeOf = (mesh: Mesh) =>
    mesh.members().find(({ peer }) => peer === standby.self)?.incarnation ?? 0;
  const before = lifeOf(founder);
  const news: string[] = [];
  standby.subscribe((event) => event.type === "peer" && news.push(event.change));
  for (let round = 0; round < 2; round++) {
    await standby.standBy();
    await until(second, () => second.members().length === 1);
    standby.announce(content({ name: "standby", wanted: [`round-${round}`] }));
    await standby.rejoin();
    assert.equal(standby.passive, false);
    for (const mesh of [founder, second]) {
      await until(mesh, () => mesh.routes().wanted.includes(`round-${round}`));
    }
    await until(standby, () => standby.members().length === 2);
  }
  assert.ok(lifeOf(founder) > before);
  assert.deepEqual(news, [], "that the others are here is no news");
  const left = until(standby, () => standby.members().length === 1);
  await second.stop();
  await left;
  assert.deepEqual(news, ["left"]);
});

Deno.test("a stream lives on while its node leaves the gossip and joins it again", async () => {
  await using meshes = new TestMeshes();
  const [founder, second, standby] = await meshes.group("founder", "second", "standby");
  assert.ok(founder && second && standby);
  echo(founder);
  const stream = await standby.open(founder.self, ECHO);
  const say = async (byte: number) => {
    await stream.write(new Uint8Array([byte]));
    assert.deepEqual(await stream.read(), new Uint8Array([byte]));
  };
  await say(1);
  await standby.standBy();
  await say(2);
  await standby.refreshRoutes({ force: true });
  await standby.rejoin();
  await say(3);
  await until(founder, () => founder.members().length === 2);
  await say(4);
  await stream.closeWrite();
  assert.equal(await stream.read(), null);
});

Deno.test("a node that joins the gossip again is heard by a peer that had dialled it, and still has a stream there", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  echo(founder);
  const stream = await second.open(founder.self, ECHO);
  await stream.write(new Uint8Array([1]));
  assert.deepEqual(await stream.read(), new Uint8Array([1]));
  const gone = until(second, () => second.members().length === 0);
  await founder.standBy();
  await gone;
  await founder.rejoin();
  await Promise.all(
    [founder, second].map((mesh) => until(mesh, () => mesh.members().length === 1)),
  );
  await stream.write(new Uint8Array([2]));
  assert.deepEqual(await stream.read(), new Uint8Array([2]));
});

Deno.test("a standby opens streams to whom the table names", async () => {
  await using meshes = new TestMeshes();
  const [founder, , standby] = await withStandby(meshes);
  echo(founder);
  const stream = await standby.open(founder.self, ECHO);
  await stream.write(new Uint8Array([7]));
  await stream.closeWrite();
  assert.deepEqual(await stream.read(), new Uint8Array([7]));
});

Deno.test("a token that names a standby alone leads to the active ones, as a member and as a client", async () => {
  await using meshes = new TestMeshes();
  const standby = await meshes.member("standby");
  const [asMember, asClient] = await Promise.all([
    standby.invite({ role: "member" }),
    standby.invite({ role: "client" }),
  ]);
  const first = await meshes.member("first", { token: asMember });
  await until(first, () => first.members().length === 1);
  await until(standby, () => standby.members().length === 1);
  const gone = until(first, () => first.members().length === 0);
  await standby.standBy();
  await gone;
  const member = await meshes.member("member", { token: asMember });
  await until(member, () => member.members().length === 1);
  assert.equal(member.members()[0]?.peer, first.self);
  const client = await meshes.start("client", { token: asClient, role: "client" });
  const table = await client.refreshRoutes({ force: true });
  assert.deepEqual(table.nodes.map(({ peer }) => peer), [first.self, member.self].sort());
});

Deno.test("a node that a standby revokes is cut by the active ones", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const token = await founder.invite({ role: "client", name: "guest" });
  await founder.standBy();
  const client = await meshes.start("client", { token, role: "client" });
  await client.refreshRoutes({ force: true });
  const [invite] = founder.invites().filter(({ name }) => name === "guest");
  assert.ok(invite);
  await founder.revoke(invite.id);
  assert.match(await client.ended, /revoked/);
});

Deno.test("two that met while neither gossiped gossip once both do", async () => {
  await using meshes = new TestMeshes();
  const before = await meshes.group("a", "b");
  await Promise.all(before.map((mesh) => mesh.stop()));
  const both = await Promise.all(["a", "b"].map((name) => meshes.start(name, { passive: true })));
  for (const mesh of both) {
    await assert.rejects(mesh.refreshRoutes({ force: true }), UnreachableError);
    mesh.announce(content({ name: "again" }));
  }
  await Promise.all(both.map((mesh) => mesh.rejoin()));
  await Promise.all(both.map((mesh) => until(mesh, () => mesh.members().length === 1)));
});

Deno.test("a passive founder of a mesh is not warned that it reaches nobody, a node that knows others is", async () => {
  await using meshes = new TestMeshes();
  const warnings: LogRecord[] = [];
  await configure({
    sinks: { warnings: (record) => void (record.level === "warning" && warnings.push(record)) },
    loggers: [{ category: "test", sinks: ["warnings"] }, {
      category: ["logtape", "meta"],
      sinks: [],
    }],
  });
  try {
    const founder = await meshes.start("founder", { passive: true });
    await assert.rejects(founder.refreshRoutes({ force: true }), UnreachableError);
    const unreachable = () =>
      warnings.filter(({ properties }) => properties.event === "unreachable");
    assert.deepEqual(unreachable(), []);
    const token = await founder.invite({ role: "member" });
    await founder.stop();
    const guest = await meshes.start("guest", { passive: true, token });
    await assert.rejects(guest.refreshRoutes({ force: true }), UnreachableError);
    assert.equal(unreachable().length, 1);
  } finally {
    await reset();
  }
});

Deno.test("a client can't leave the gossip", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  assert.throws(() => client.standBy(), NotAllowedError);
  assert.throws(() => client.rejoin(), NotAllowedError);
});
