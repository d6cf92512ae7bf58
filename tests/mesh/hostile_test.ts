import "./leak_guard.ts";
import assert from "node:assert/strict";
import { systemClock } from "../../src/mesh/base/clock.ts";
import { gossipMessage } from "../../src/mesh/gossip/gossip_messages.ts";
import { peerIdOf, SigningKey } from "../../src/mesh/base/keys.ts";
import { startLibp2p } from "../../src/mesh/link/libp2p.ts";
import { JOIN_PROTOCOL } from "../../src/mesh/link/join.ts";
import {
  GOSSIP_MESSAGE_RATE,
  MISCONDUCT_RATE,
  ROUTES_RATE,
} from "../../src/mesh/base/rate_defaults.ts";
import { MAX_JOIN_MESSAGE_BYTES } from "../../src/mesh/base/message_defaults.ts";
import { MessageStream } from "../../src/mesh/base/messages.ts";
import type { Announcement, Mesh } from "../../src/mesh/mod.ts";
import {
  type MeshRecord,
  openRecord,
  type RecordContent,
  type RecordSigner,
  signRecord,
} from "../../src/mesh/gossip/record.ts";
import { REVOCATIONS_PROTOCOL } from "../../src/mesh/revocation_exchange.ts";
import { askRoutes, ROUTES_PROTOCOL } from "../../src/mesh/routes/routes.ts";
import { EMPTY_TABLE } from "../../src/mesh/routes/routing_table.ts";
import { content } from "./content.ts";
import { ManualClock } from "./manual_clock.ts";
import { GOSSIP, invited, RawNode } from "./raw_node.ts";
import { TestMeshes, until } from "./test_mesh.ts";

const RPC = "/mesh-llm/rpc/1";

function announcementOf(signer: RecordSigner, changes: Partial<Announcement> = {}): Uint8Array {
  const announcement = {
    ...content({ name: "raw" }),
    peer: peerIdOf(signer.key.publicKey),
    addresses: [],
    rttsMs: {},
    incarnation: 5,
    seq: 5,
    ...changes,
  };
  const alive: RecordContent = { status: "alive", announcement };
  return signRecord(alive, signer).bytes;
}

/** The state that no attack may change. */
function stateOf(mesh: Mesh) {
  const members = mesh.members().map(({ peer, machine: { name }, wanted }) => ({
    peer,
    name,
    wanted,
  }));
  return { members, clients: mesh.clientsConnected() };
}

Deno.test("a client that opens gossip, rpc or revocations is reset, and cut off when it insists", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  let opened = 0;
  founder.handle(RPC, { maxStreams: 8 }, () => Promise.resolve(void opened++));
  const { key, credential } = await invited(founder, "client");
  await using client = await RawNode.start(key, credential, "client");
  const table = await askRoutes(await client.open(founder, ROUTES_PROTOCOL), EMPTY_TABLE);
  assert.equal(table.nodes.length, 1);
  const before = stateOf(founder);
  /** The reset comes while the stream opens or after it. */
  const knock = async (protocol: string) => {
    const stream = await client.open(founder, protocol);
    await stream.write(new Uint8Array(8));
    await stream.read();
  };
  for (const protocol of [GOSSIP, RPC, REVOCATIONS_PROTOCOL]) {
    await assert.rejects(knock(protocol), /reset|did not accept/, protocol);
  }
  assert.deepEqual(stateOf(founder), before);
  assert.equal(founder.counters().streamsForbidden, 3);
  assert.equal(founder.counters().cutMisconduct, 0);
  for (let i = 0; i < MISCONDUCT_RATE.burst; i++) {
    await assert.rejects(knock(RPC));
  }
  assert.ok(founder.counters().cutMisconduct >= 1);
  assert.equal(opened, 0);
});

Deno.test("joins with an expired or a revoked credential, or of too many bytes, change nothing", async () => {
  await using meshes = new TestMeshes();
  const clock = new ManualClock();
  const founder = await meshes.member("founder", { clock });
  const other = await meshes.member("other", {
    clock,
    token: await founder.invite({ role: "member" }),
  });
  await until(founder, () => founder.members().length === 1);
  const shortly = await invited(founder, "member", { expiresAt: clock.now() + 60_000 });
  const revoked = await invited(founder);
  await founder.revoke(founder.invites().at(-1)?.id ?? "");
  clock.turnForward(60_000);
  const before = stateOf(founder);
  await using late = await RawNode.start(shortly.key, shortly.credential);
  await assert.rejects(late.open(founder, GOSSIP), /its credential is not valid, it has expired/);
  await using banned = await RawNode.start(revoked.key, revoked.credential);
  for (const mesh of [founder, other]) {
    await assert.rejects(banned.open(mesh, GOSSIP), /its invite was revoked/);
  }
  const network = await startLibp2p(SigningKey.generate());
  const cut = new Promise<unknown>((resolve) =>
    network.listen({ opened: () => {}, closed: resolve })
  );
  const { signal } = new AbortController();
  const target = { peer: founder.self, addresses: founder.addresses(), signal };
  const stream = await (await network.dial(target)).openStream(JOIN_PROTOCOL, signal);
  const messages = new MessageStream(stream, 1);
  await messages.write({ chain: new Uint8Array(MAX_JOIN_MESSAGE_BYTES) }).catch(() => undefined);
  await assert.rejects(stream.read(), /reset|lost/);
  // A peer that stops first would end the connection before the founder has refused it.
  await cut;
  await network.stop();
  assert.deepEqual(stateOf(founder), before);
  assert.equal(founder.counters().joinsRefused, 3);
});

Deno.test("announcements that are replayed, expired, revoked, foreign or of a client change nothing", async () => {
  await using meshes = new TestMeshes();
  const clock = new ManualClock();
  const founder = await meshes.member("founder", { clock });
  const elsewhere = await meshes.member("elsewhere", { clock });
  const expired = await invited(founder, "member", { expiresAt: clock.now() + 60_000 });
  const revoked = await invited(founder);
  await founder.revoke(founder.invites().at(-1)?.id ?? "");
  const sender = await invited(founder);
  const client = await invited(founder, "client");
  const foreign = await invited(elsewhere);
  clock.turnForward(60_000);
  await using raw = await RawNode.start(sender.key, sender.credential);
  const { messages } = await raw.gossip(founder);
  const own = announcementOf(sender);
  const tell = async (...records: Uint8Array[]) => {
    const wanted = `w${Math.random()}`;
    seq += 1;
    // The record that follows on the same stream shows when it was read.
    await messages.write(["records", [
      ...records,
      announcementOf(sender, { seq, wanted: [wanted] }),
    ]]);
    await until(founder, () => founder.routes().wanted.includes(wanted));
  };
  let seq = 10;
  await tell(own);
  const names = () => founder.members().map(({ machine: { name } }) => name);
  assert.deepEqual(names(), ["raw"]);
  const stale = [announcementOf(expired), announcementOf(revoked)];
  await tell(own, ...stale, ...stale, ...stale, ...stale);
  assert.deepEqual(names(), ["raw"]);
  assert.equal(founder.members()[0]?.seq, seq, "an old record of the sender changes nothing");
  assert.equal(founder.counters().recordsStale, 8);
  assert.equal(founder.counters().recordsBad, 0);
  await tell(announcementOf(client), announcementOf(foreign), new Uint8Array(70_000));
  assert.deepEqual(names(), ["raw"]);
  assert.equal(founder.counters().recordsBad, 3);
  assert.equal(founder.counters().cutMisconduct, 0, "relays of the past are not held against it");
});

Deno.test("a peer that sends forged records again and again is cut off, and no other", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const sender = await invited(founder);
  await using raw = await RawNode.start(sender.key, sender.credential);
  const { stream, messages } = await raw.gossip(founder);
  const forged = announcementOf(sender);
  forged[60] = (forged[60] ?? 0) ^ 1;
  const before = stateOf(founder);
  await messages.write(["records", Array(MISCONDUCT_RATE.burst + 1).fill(forged)]);
  await stream.ended;
  assert.equal(founder.counters().cutMisconduct, 1);
  assert.deepEqual(stateOf(founder), before);
  second.announce(content({ name: "second", wanted: ["after"] }));
  await until(founder, () => founder.routes().wanted.includes("after"));
});

Deno.test("a peer that opens streams faster than it may is reset, and is answered again later", async () => {
  await using meshes = new TestMeshes();
  let elapsed = 0;
  const founder = await meshes.member("founder", {
    clock: { ...systemClock, elapsed: () => elapsed },
  });
  const { key, credential } = await invited(founder, "client");
  await using client = await RawNode.start(key, credential, "client");
  const ask = async () => {
    const stream = await client.open(founder, ROUTES_PROTOCOL);
    await askRoutes(stream, EMPTY_TABLE).finally(() => stream.release());
  };
  for (let i = 0; i < ROUTES_RATE.burst; i++) await ask();
  await assert.rejects(ask());
  assert.equal(founder.counters().streamsLimited, 1);
  assert.equal(founder.counters().cutMisconduct, 0);
  elapsed += 1_000 / ROUTES_RATE.perSecond;
  await ask();
});

Deno.test("a member that sends gossip faster than any honest one loses its connection", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder", { clock: { ...systemClock, elapsed: () => 0 } });
  const { key, credential } = await invited(founder);
  await using raw = await RawNode.start(key, credential);
  const { stream, messages } = await raw.gossip(founder);
  for (let i = 0; i <= GOSSIP_MESSAGE_RATE.burst; i++) await messages.write(["records", []]);
  await stream.ended;
  assert.equal(founder.counters().gossipLimited, 1);
  assert.deepEqual(founder.members(), []);
});

/** The records of another member that a member gets: its own signed words, as any member could keep them. */
async function overheard(
  messages: MessageStream,
  is: (record: MeshRecord) => boolean,
  meshKey: Uint8Array,
): Promise<MeshRecord> {
  for (;;) {
    const message = await messages.expect(gossipMessage, "gossip");
    if (message[0] !== "records") continue;
    const records = message[1].map((bytes) => openRecord(bytes, { meshKey, now: Date.now() }));
    const found = records.find(is);
    if (found !== undefined) return found;
  }
}

Deno.test("a record of another node is no news to a third, however often and whenever it is repeated", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const sender = await invited(founder);
  const { meshKey } = sender.credential;
  await using raw = await RawNode.start(sender.key, sender.credential);
  const { messages } = await raw.gossip(founder);
  const { self } = second;
  await messages.write(["want", [self]]);
  const alive = await overheard(messages, ({ subject }) => subject === self, meshKey);
  await second.stop();
  const left = await overheard(
    messages,
    ({ subject, status }) => subject === self && status === "left",
    meshKey,
  );
  const third = await meshes.member("third", { token: await founder.invite({ role: "member" }) });
  await until(third, () => third.members().some(({ machine: { name } }) => name === "founder"));
  const { messages: toThird } = await raw.gossip(third);
  /** Repeats records to both; resolves when they were read. */
  const repeat = async (mark: string, ...records: MeshRecord[]) => {
    const own = announcementOf(sender, { seq: 10 + mark.length, wanted: [mark] });
    const message = ["records", [...records.map(({ bytes }) => bytes), own]];
    await Promise.all([messages, toThird].map((link) => link.write(message)));
    await Promise.all(
      [founder, third].map((mesh) => until(mesh, () => mesh.routes().wanted.includes(mark))),
    );
  };
  const knows = (mesh: Mesh) => mesh.members().some(({ peer }) => peer === self);
  await repeat("a", alive, alive);
  assert.deepEqual([founder, third].map(knows), [false, false]);
  const again = await meshes.member("second");
  await Promise.all([founder, third].map((mesh) => until(mesh, () => knows(mesh))));
  await repeat("bb", left, alive, left);
  assert.deepEqual([founder, third].map(knows), [true, true]);
  assert.ok(again.members().some(({ machine: { name } }) => name === "third"));
  for (const mesh of [founder, third]) assert.equal(mesh.counters().recordsBad, 0);
});

Deno.test("no member can use up the numbers of another's lives, so that nobody could tell its end", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const sender = await invited(founder);
  await using raw = await RawNode.start(sender.key, sender.credential);
  const { messages } = await raw.gossip(second);
  const lifeOf = () => founder.members().find(({ peer }) => peer === second.self);
  const before = lifeOf();
  assert.ok(before);
  const dead = (incarnation: number, seq: number) =>
    signRecord({ status: "dead", subject: second.self, version: { incarnation, seq } }, sender);
  const future = dead(2 ** 43, 5);
  const end = dead(before.incarnation, 2 ** 44);
  await messages.write(["records", [future.bytes, end.bytes]]);
  await until(founder, () => (lifeOf()?.incarnation ?? 0) > before.incarnation);
  const after = lifeOf();
  assert.ok(
    after && after.incarnation < before.incarnation + 1_000,
    "one life later, not centuries",
  );
  assert.ok(after.seq < 1_000);
  await second.stop();
  await until(founder, () => lifeOf() === undefined);
});
