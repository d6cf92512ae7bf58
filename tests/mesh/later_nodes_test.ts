/** Nodes of a later version say more, in more words, of more kinds. MESH_LLM_FUZZ_RUNS: runs of the property. */

import { concat } from "uint8arrays/concat";
import "./leak_guard.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  announcementSchema,
  announcementToWire,
  withPorts,
} from "../../src/mesh/gossip/announcement_wire.ts";
import { fitAnnouncement } from "../../src/mesh/gossip/fit_announcement.ts";
import { encodeCbor } from "../../src/mesh/base/cbor.ts";
import { MAX_ANNOUNCEMENT_BYTES } from "../../src/mesh/base/message_defaults.ts";
import { UnknownKindError } from "../../src/mesh/base/errors.ts";
import { peerIdOf, SigningKey } from "../../src/mesh/base/keys.ts";
import { MessageStream } from "../../src/mesh/base/messages.ts";
import { gossipMessage } from "../../src/mesh/gossip/gossip_messages.ts";
import { openRecord, type RecordSigner } from "../../src/mesh/gossip/record.ts";
import { answerJoin, JOIN_PROTOCOL } from "../../src/mesh/link/join.ts";
import type { JoinedPeer } from "../../src/mesh/link/joined_peer.ts";
import { startLibp2p } from "../../src/mesh/link/libp2p.ts";
import type { PeerConnection } from "../../src/mesh/link/network.ts";
import type { Announcement, Mesh, PeerId } from "../../src/mesh/mod.ts";
import { REVOCATIONS_PROTOCOL } from "../../src/mesh/revocation_exchange.ts";
import { ROUTES_PROTOCOL } from "../../src/mesh/routes/routes.ts";
import { nodeToWire, tableSchema, tableToWire } from "../../src/mesh/routes/table_wire.ts";
import { buildRoutingTable } from "../../src/mesh/routes/routing_table.ts";
import { chainToWire } from "../../src/mesh/trust/capability.ts";
import { foundCredential } from "../../src/mesh/trust/credential.ts";
import { openRevocation, signRevocation } from "../../src/mesh/trust/revocation.ts";
import { encodeQuestion, type FileQuestion, readQuestion } from "../../src/node/ends/file_wire.ts";
import { encodeFrame } from "../../src/tunnel/base/frame_codec.ts";
import { HttpFrameDecoder } from "../../src/tunnel/http/http_frames.ts";
import { readRpcOpening, type RpcOpening } from "../../src/tunnel/rpc/rpc_opening.ts";
import { streamPair } from "../node/memory_streams.ts";
import { anyAnnouncement } from "./any_announcement.ts";
import { content } from "./content.ts";
import { GOSSIP, invited } from "./raw_node.ts";
import { TestMeshes, until } from "./test_mesh.ts";

const NUM_RUNS = Number(Deno.env.get("MESH_LLM_FUZZ_RUNS") ?? 40);

const root = SigningKey.generate();
const meshKey = root.publicKey;
const key = SigningKey.generate();
const self = peerIdOf(key.publicKey);
const signer = { key, credential: foundCredential(root, { publicKey: key.publicKey, name: "a" }) };
const MODEL = { name: "guide", fingerprint: "0f".repeat(32) };

/** Keyed by peers and models rather than by names of fields. */
const MAPS = ["rttsMs", "demand", "tunnelPorts"];

/** The message with further fields wherever it has some. */
function more(value: unknown, extra: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((one) => more(one, extra));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const fields = Object.entries(value).map((
    [name, one],
  ) => [name, MAPS.includes(name) ? one : more(one, extra)]);
  return { ...extra, ...Object.fromEntries(fields) };
}

const plain = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 2 },
    fc.string({ maxLength: 20 }),
    fc.integer(),
    fc.constant(null),
    fc.boolean(),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie("any"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).any;

const extras = fc.dictionary(fc.string({ maxLength: 8 }).map((name) => `later ${name}`), plain, {
  maxKeys: 3,
  noNullPrototype: true,
});

/** A body that no writer of this version makes, signed as it should be. */
function signBody(domain: string, body: unknown, by: RecordSigner): Uint8Array {
  const encoded = encodeCbor(body);
  const mesh = by.credential.meshKey;
  const signed = concat([new TextEncoder().encode(`mesh-llm/${domain}/1\0`), mesh, encoded]);
  const chain = chainToWire(by.credential.chain);
  return encodeCbor([encoded, by.key.sign(signed), chain, by.key.publicKey]);
}

function signAlive(announcement: unknown, by: RecordSigner): Uint8Array {
  return signBody("record", ["alive", announcement], by);
}

function open(bytes: Uint8Array) {
  return openRecord(bytes, { meshKey, now: 0 });
}

const HEAD = {
  model: "guide",
  fingerprint: MODEL.fingerprint,
  requestId: "1",
  grant: { key: "k", models: ["guide"], requestsPerMinute: null, tokensPerMinute: 5 },
  method: "POST",
  path: "/v1/chat/completions",
  headers: [["a", "b"]],
};

const QUESTION: FileQuestion = {
  fingerprint: MODEL.fingerprint,
  shard: 0,
  offset: 0,
  length: 1,
  want: "bytes",
};

function jsonFrame(type: number, head: unknown): Uint8Array {
  return encodeFrame(type, new TextEncoder().encode(JSON.stringify(head)));
}

function decodeHttp(...frames: Uint8Array[]): unknown[] {
  const decoder = new HttpFrameDecoder();
  decoder.push(concat([...frames]));
  const decoded = [];
  for (let one = decoder.next(); one !== undefined; one = decoder.next()) decoded.push(one);
  return decoded;
}

Deno.test("an announcement with more fields at any depth is read as without them, and kept as it came", () => {
  const property = fc.property(anyAnnouncement(self), extras, (one, extra) => {
    const fitted = fitAnnouncement(one);
    const told = announcementToWire(fitted);
    const read = announcementSchema.parse(told);
    assert.deepEqual(announcementSchema.parse(more(told, extra)), read);
    const instances = fitted.instances.map(({ tunnelPorts = {}, ...instance }) =>
      withPorts(
        { ...instance, workers: instance.workers.slice(0, 10) },
        Object.fromEntries(Object.entries(tunnelPorts).slice(0, 10)),
      )
    );
    const aliases = fitted.aliases.slice(0, 2);
    const names = { aliases, models: [], wanted: [], refuses: [], dropped: [], failures: [] };
    const reservations = fitted.reservations.slice(0, 2);
    const short = { ...fitted, ...names, instances, reservations };
    const bytes = signAlive(more(announcementToWire(short), extra), signer);
    assert.ok(bytes.byteLength <= MAX_ANNOUNCEMENT_BYTES);
    const opened = open(bytes);
    assert.deepEqual(opened.announcement, short);
    assert.equal(opened.bytes, bytes);
    const table = tableToWire(buildRoutingTable([read]));
    assert.deepEqual(tableSchema.parse(more(table, extra)), tableSchema.parse(table));
  });
  fc.assert(property, { numRuns: NUM_RUNS, endOnFailure: true });
});

Deno.test("openings, questions and heads with more fields are read as without them", async () => {
  await fc.assert(
    fc.asyncProperty(extras, async (extra) => {
      const frames = [[1, HEAD], [2, { status: 200, headers: HEAD.headers }], [6, {
        message: "no",
        crashed: true,
      }]] as const;
      assert.deepEqual(
        decodeHttp(...frames.map(([type, head]) => jsonFrame(type, more(head, extra)))),
        decodeHttp(...frames.map(([type, head]) => jsonFrame(type, head))),
      );
      const opening = jsonFrame(1, more({ term: 3, weights: 2 }, extra));
      const read = await readRpcOpening({ read: () => Promise.resolve(opening) });
      assert.deepEqual(read.opening, { term: 3, weights: 2 } satisfies RpcOpening);
      const [near, far] = streamPair();
      await far.write(encodeQuestion(more(QUESTION, extra) as FileQuestion));
      assert.deepEqual(await readQuestion(near), QUESTION);
    }),
    { numRuns: NUM_RUNS },
  );
});

Deno.test("frames of HTTP that only a later version knows are left out, and empty ones may say more", () => {
  const later = jsonFrame(77, { usage: 3 });
  const [request, ...rest] = decodeHttp(
    later,
    jsonFrame(1, HEAD),
    later,
    jsonFrame(4, { later: 1 }),
    jsonFrame(5, { to: "another" }),
  );
  assert.equal((request as { type: string }).type, "request");
  assert.deepEqual(rest, [{ type: "end" }, { type: "moved" }]);
});

/** The possible announcement of a node of a later version. */
function strange(peer: PeerId, changes: object = {}): unknown {
  const mine = `/ip4/10.0.0.1/udp/4500/quic-v1/p2p/${peer}`;
  const instance = {
    model: MODEL,
    sizeBytes: 1,
    contextLength: 4096,
    mode: "experts",
    state: "warming",
    term: 3,
    hostShare: 0.5,
    workers: [{ peer: self, share: 0.5 }],
    needBytes: 1,
    haveBytes: 1,
  };
  return more({
    ...announcementToWire({
      ...content({ name: "later" }),
      peer,
      addresses: [`/ip4/10.0.0.1/tcp/443/wss/p2p/${peer}`, mine, "/carrier-pigeon/7"],
      rttsMs: {},
      incarnation: 5,
      seq: 5,
    }),
    role: "oracle",
    claim: { model: "guide", reason: "whim" },
    target: MODEL,
    instance,
    more: {
      instances: [{ ...instance, model: { ...MODEL, name: "second" } }],
      claims: [{ model: "second", reason: "whim" }],
    },
    ...changes,
  }, { later: [{ a: 1 }] });
}

function assertHarmless(read: Announcement | null | undefined): void {
  assert.equal(read?.role, "standby");
  assert.deepEqual(read.claims, [
    { model: "guide", reason: "unserved" },
    { model: "second", reason: "unserved" },
  ]);
  assert.deepEqual(read.instances.map(({ model }) => model.name), ["guide", "second"]);
  for (const { state, mode, workers, hostShare } of read.instances) {
    // Nobody asks it, nobody obeys it.
    assert.deepEqual([state, mode, workers, hostShare], ["loading", "solo", [], 1]);
  }
  assert.equal(read.addresses.length, 1);
}

Deno.test("words that only a later version knows are the most harmless that this one knows", () => {
  const read = open(signAlive(strange(self), signer)).announcement as Announcement;
  assertHarmless(read);
  const { nodes: [node], instances: [instance, second], ...table } = buildRoutingTable([read]);
  assert.ok(node);
  const told = tableSchema.parse({
    ...table,
    nodes: [{ ...nodeToWire(node), role: "oracle", why: "whim", addresses: ["/carrier-pigeon/7"] }],
    instances: [{ ...instance, mode: "experts", state: "warming" }, second],
  });
  assert.deepEqual(told.instances, [instance, second]);
  const targets = [{ model: "guide", why: null }];
  assert.deepEqual(told.nodes, [{ ...node, role: "standby", targets, addresses: [] }]);
});

Deno.test("a record or a revocation says more behind what is known; one of another kind is no misconduct", () => {
  const gone = ["left", self, 5, 6, "for lunch"];
  const { status, incarnation, seq } = open(signBody("record", gone, signer));
  assert.deepEqual([status, incarnation, seq], ["left", 5, 6]);
  assert.throws(() => open(signBody("record", ["asleep", self], signer)), UnknownKindError);
  const forged = signBody("record", ["asleep", self], { ...signer, key: SigningKey.generate() });
  assert.throws(() => open(forged), /credential is refused/);
  const options = { meshKey, now: 0 };
  const id = new Uint8Array(8).fill(1);
  const word = openRevocation(signBody("revocation", [id, null, "why"], signer), options);
  assert.deepEqual(word.id, signRevocation({ id: id.toHex(), expiresAt: null }, signer).id);
  const notice = signBody("revocation", ["notice", 1], signer);
  assert.throws(() => openRevocation(notice, options), UnknownKindError);
});

function helloOf({ credential }: RecordSigner, role: string) {
  return more({
    role,
    mesh: credential.meshKey,
    chain: chainToWire(credential.chain),
    passive: false,
    version: "9.0.0",
    incarnation: 1,
    born: 1,
    nonce: new Uint8Array(16),
  }, { later: [1, { two: 2 }] });
}

Deno.test("a node that joins in a role that only a later version knows has the rights of a client", async () => {
  const [near, far] = streamPair();
  const messages = new MessageStream(far, 2 ** 16);
  await messages.write(helloOf(signer, "observer"));
  await messages.write({ ok: true, later: 1 });
  const joined: JoinedPeer[] = [];
  await answerJoin(near, self, {
    ...signer,
    id: self,
    role: "member",
    version: "0.1.0",
    passive: () => false,
    incarnation: () => 1,
    born: 1,
    now: () => 0,
    revocationOf: () => undefined,
    learn: () => {},
    outlived: () => {},
  }, { contest: () => Promise.resolve(undefined), admit: (peer) => joined.push(peer) });
  assert.deepEqual(joined.map(({ role, passive }) => [role, passive]), [["client", true]]);
});

async function join(connection: PeerConnection, by: RecordSigner): Promise<void> {
  const stream = await connection.openStream(JOIN_PROTOCOL, new AbortController().signal);
  const messages = new MessageStream(stream, 2 ** 16);
  await messages.write(helloOf(by, "member"));
  assert.ok(await stream.read(), "it is answered");
  await messages.write({ ok: true, later: { much: "more" } });
  await stream.closeWrite();
}

function refusedBy(mesh: Mesh): Record<string, number> {
  return Object.fromEntries(Object.entries(mesh.counters()).filter(([, count]) => count > 0));
}

Deno.test("a node of a later version is a member like any other, and the mesh goes on", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const later = await invited(founder, "member", { mayInvite: true });
  const peer = peerIdOf(later.key.publicKey);
  const network = await startLibp2p(later.key);
  try {
    const { signal } = new AbortController();
    const target = { peer: founder.self, addresses: founder.addresses(), signal };
    const connection = await network.dial(target);
    await join(connection, later);
    const gossip = new MessageStream(await connection.openStream(GOSSIP, signal), 2 ** 20);
    const announcement = signAlive(strange(peer), later);
    await gossip.write(["rumour", { about: "tomorrow" }]);
    await gossip.write(["ping", 1, "extra"]);
    await gossip.write(["records", [
      signBody("record", ["asleep", peer], later),
      announcement,
    ], { more: 1 }]);
    // The second has it from the founder: the signature covers what was relayed.
    for (const mesh of [founder, second]) {
      await until(mesh, () => mesh.members().some(({ machine: { name } }) => name === "later"));
      assertHarmless(mesh.members().find(({ machine: { name } }) => name === "later"));
    }
    await gossip.write(["want", [peer], "extra"]);
    for (let heard = false; !heard;) {
      const [kind, records] = await gossip.expect(gossipMessage, "gossip");
      heard = kind === "records" && records.some((one) => one.toHex() === announcement.toHex());
    }
    await assert.rejects(connection.openStream("/mesh-llm/tomorrow/1", signal));
    const words = await connection.openStream(REVOCATIONS_PROTOCOL, signal);
    await new MessageStream(words, 2 ** 16)
      .write([signBody("revocation", ["notice", 1], later)]);
    await words.closeWrite();
    assert.equal(await words.read(), null, "the list was read to its end");
    const routes = await connection.openStream(ROUTES_PROTOCOL, signal);
    const asking = new MessageStream(routes, 2 ** 20);
    await asking.write({ version: null, wanting: "other", later: 1 });
    const table = await asking.expect(tableSchema, "routing table");
    assert.ok(table.nodes.some((node) => node.peer === peer));
    second.announce(content({ name: "second", wanted: ["after"] }));
    await until(founder, () => founder.routes().wanted.includes("after"));
    await gossip.write(["records", [
      signAlive(strange(peer, { seq: 6, wanted: ["also"] }), later),
    ]]);
    await until(second, () => second.routes().wanted.includes("also"));
    for (const mesh of [founder, second]) assert.deepEqual(refusedBy(mesh), {});
  } finally {
    await network.stop();
  }
});
