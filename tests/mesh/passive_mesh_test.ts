import "./leak_guard.ts";
import assert from "node:assert/strict";
import { NoMeshError, systemClock, UnreachableError } from "../../src/mesh/mod.ts";
import { content } from "./content.ts";
import { TestMeshes, until } from "./test_mesh.ts";

const MODEL = { name: "qwen", fingerprint: "ab".repeat(32) };
const INSTANCE = {
  model: MODEL,
  sizeBytes: 10,
  contextLength: 4_096,
  mode: "solo",
  state: "warm",
  term: 1,
  hostShare: 1,
  workers: [],
  needBytes: 11,
  haveBytes: 11,
} as const;

Deno.test("a client learns the routes, and is in nobody's list of members", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  second.announce(
    content({ name: "second", role: "host", targets: [MODEL], instances: [INSTANCE] }),
  );
  await until(founder, () => founder.routes().instances.length === 1);
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  const table = await client.refreshRoutes({ force: true });
  assert.deepEqual(table, founder.routes());
  assert.equal(table.instances[0]?.host, second.self);
  assert.deepEqual(client.routes(), table);
  assert.deepEqual(client.members(), []);
  assert.equal(founder.clientsConnected() + second.clientsConnected(), 1);
  for (const member of [founder, second]) assert.equal(member.members().length, 1);
});

Deno.test("a client is told of new routes when it asks again", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  const before = await client.refreshRoutes({ force: true });
  assert.equal(await client.refreshRoutes({ force: true }), before);
  let events = 0;
  client.subscribe(() => events += 1);
  founder.announce(content({ name: "founder", wanted: ["qwen"] }));
  assert.equal(await client.refreshRoutes({}), before);
  const after = await client.refreshRoutes({ force: true });
  assert.deepEqual(after.wanted, ["qwen"]);
  assert.notEqual(after.version, before.version);
  assert.equal(events, 1);
});

Deno.test("a client that waits for the next table has it as soon as there is one", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  const before = await client.refreshRoutes({ force: true });
  const unchanged = await client.refreshRoutes({ force: true, waitMs: 1 });
  assert.equal(unchanged, before);
  const after = client.refreshRoutes({ force: true, waitMs: 60_000 });
  founder.announce(content({ name: "founder", wanted: ["qwen"] }));
  assert.deepEqual((await after).wanted, ["qwen"]);
});

Deno.test("a client has a member see to a model that nobody serves", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  const asked: string[] = [];
  founder.subscribe((event) => {
    if (event.type !== "asked") return;
    asked.push(event.model);
    founder.announce(content({ name: "founder", wanted: [event.model] }));
  });
  await client.refreshRoutes({ force: true, wanting: "../no name of a model" });
  assert.deepEqual(asked, []);
  const wanting = { force: true, wanting: "qwen" };
  const [table, again] = await Promise.all([1, 2].map(() => client.refreshRoutes(wanting)));
  assert.deepEqual(table?.wanted, ["qwen"]);
  assert.equal(again, table);
  assert.deepEqual(asked, ["qwen"], "two who want the same ask once");
});

Deno.test("a client that is in use asks again once its table has aged, and not before", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  founder.handle("/mesh-llm/http/1", { maxStreams: 8 }, async (s) => {
    await s.read();
    await s.closeWrite();
  });
  const token = await founder.invite({ role: "client" });
  let aheadMs = 0;
  const clock = { ...systemClock, elapsed: () => systemClock.elapsed() + aheadMs };
  const client = await meshes.start("client", { token, role: "client", clock });
  const before = await client.refreshRoutes({ force: true });
  founder.announce(content({ name: "founder", wanted: ["qwen"] }));
  const use = async () => {
    const stream = await client.open(founder.self, "/mesh-llm/http/1");
    await stream.write(new Uint8Array([1]));
    await stream.closeWrite();
    assert.equal(await stream.read(), null);
  };
  await use();
  assert.equal(await client.refreshRoutes({}), before);
  aheadMs = 61_000;
  const heard = until(client, () => client.routes().wanted.includes("qwen"));
  assert.equal(client.routes(), before, "nobody has used it since");
  await use();
  await heard;
});

Deno.test("a client may open http to any member of the table, and is reset on rpc and gossip", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const opened: string[] = [];
  second.handle(
    "/mesh-llm/http/1",
    { maxStreams: 8 },
    async (s, peer) => {
      opened.push(peer.role);
      await s.write((await s.read()) ?? new Uint8Array(0));
      await s.closeWrite();
    },
  );
  second.handle("/mesh-llm/rpc/1", { maxStreams: 8 }, () => {
    opened.push("rpc");
    return Promise.resolve();
  });
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  await client.refreshRoutes({ force: true });
  const http = await client.open(second.self, "/mesh-llm/http/1");
  await http.write(new Uint8Array([1, 2, 3]));
  await http.closeWrite();
  assert.deepEqual(await http.read(), new Uint8Array([1, 2, 3]));
  assert.equal(await http.read(), null);
  for (const protocol of ["/mesh-llm/rpc/1", "/mesh-llm/gossip/1"]) {
    // The reset may come before the opening is over, or after it.
    const opened = client.open(second.self, protocol).then((stream) => stream.read());
    await assert.rejects(opened, /reset the stream|did not accept a stream/);
  }
  assert.deepEqual(opened, ["client"]);
});

/** A client with a stream to the only member, which gives back what it is told. */
async function withStream(meshes: TestMeshes) {
  const founder = await meshes.member("founder");
  founder.handle("/mesh-llm/http/1", { maxStreams: 8 }, async (s) => {
    for (let bytes = await s.read(); bytes !== null; bytes = await s.read()) await s.write(bytes);
    await s.closeWrite();
  });
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  await client.refreshRoutes({ force: true });
  const stream = await client.open(founder.self, "/mesh-llm/http/1");
  const say = async (byte: number) => {
    await stream.write(new Uint8Array([byte]));
    assert.deepEqual(await stream.read(), new Uint8Array([byte]));
  };
  await say(1);
  return { founder, client, say };
}

Deno.test("a peer that many requests doubt at once is asked once, and keeps its streams where it lives", async () => {
  await using meshes = new TestMeshes();
  const { founder, client, say } = await withStream(meshes);
  for (let i = 0; i < 40; i++) client.suspect(founder.self, "it was slow");
  await client.refreshRoutes({ force: true });
  await say(2);
});

Deno.test("a peer that refuses a question too many keeps its streams", async () => {
  await using meshes = new TestMeshes();
  const { client, say } = await withStream(meshes);
  const names = Array.from({ length: 40 }, (_, i) => `model-${i}`);
  const asked = await Promise.allSettled(
    names.map((wanting) => client.refreshRoutes({ force: true, wanting })),
  );
  assert.ok(
    asked.some(({ status }) => status === "rejected"),
    "more than a member answers at once",
  );
  await say(2);
});

Deno.test("a client asks the next member when the one it asked is gone", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  await client.refreshRoutes({ force: true });
  const asked = founder.clientsConnected() === 1 ? founder : second;
  const other = asked === founder ? second : founder;
  const gone = until(other, () => other.members().length === 0);
  await asked.stop();
  await gone;
  const table = await client.refreshRoutes({ force: true });
  assert.deepEqual(table.nodes.map(({ peer }) => peer), [other.self]);
});

Deno.test("a client without a token returns to its last mesh, even through a member that it met later", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  await client.refreshRoutes({ force: true });
  await client.stop();
  const gone = until(second, () => second.members().length === 0);
  await founder.stop();
  await gone;
  const again = await meshes.start("client", { role: "client" });
  assert.equal(again.self, client.self);
  const table = await again.refreshRoutes({ force: true });
  assert.deepEqual(table.nodes.map(({ peer }) => peer), [second.self]);
});

Deno.test("a client that never was in a mesh needs a token", async () => {
  await using meshes = new TestMeshes();
  await assert.rejects(meshes.start("client", { role: "client" }), NoMeshError);
});

Deno.test("a client that reaches nobody starts all the same, and says so when it is asked", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "client" });
  await founder.stop();
  const client = await meshes.start("client", { token, role: "client" });
  await assert.rejects(client.refreshRoutes({ force: true }), UnreachableError);
  assert.deepEqual(client.routes().nodes, []);
});
