import "./leak_guard.ts";
import assert from "node:assert/strict";
import { MAX_ROUTES_MESSAGE_BYTES } from "../../src/mesh/base/message_defaults.ts";
import { encodeCbor } from "../../src/mesh/base/cbor.ts";
import { acceptInvite } from "../../src/mesh/trust/credential.ts";
import { peerIdOf, SigningKey } from "../../src/mesh/base/keys.ts";
import type { Mesh } from "../../src/mesh/mod.ts";
import { signRecord } from "../../src/mesh/gossip/record.ts";
import { askRoutes, ROUTES_PROTOCOL } from "../../src/mesh/routes/routes.ts";
import { EMPTY_TABLE } from "../../src/mesh/routes/routing_table.ts";
import { parseToken } from "../../src/mesh/trust/token.ts";
import { tableToWire } from "../../src/mesh/routes/table_wire.ts";
import { content } from "./content.ts";
import { invited, RawNode } from "./raw_node.ts";
import { TestMeshes, until } from "./test_mesh.ts";

const IDENTITIES = Number(Deno.env.get("MESH_LLM_IDENTITIES") ?? 2_050);

/** Identities that somebody with one invite can make in any number. */
async function identities(mesh: Mesh, count: number): Promise<Uint8Array[]> {
  const invite = parseToken(await mesh.invite({ role: "member" }), Date.now());
  return Array.from({ length: count }, (_, i) => {
    const key = SigningKey.generate();
    const node = { publicKey: key.publicKey, role: "member" } as const;
    const peer = peerIdOf(key.publicKey);
    const announcement = {
      ...content({ name: `nobody ${i}`, wanted: [`nothing-${i}`] }),
      devices: Array.from({ length: 30 }, (_, d) => ({
        name: `GPU ${d}`,
        totalBytes: 8e9,
        offeredBytes: 8e9,
        usedBytes: 0,
      })),
      peer,
      addresses: [`/ip4/127.0.0.1/udp/9/quic-v1/p2p/${peer}`],
      rttsMs: {},
      incarnation: 5,
      seq: 5,
    };
    return signRecord({ status: "alive", announcement }, {
      key,
      credential: acceptInvite(invite, node),
    }).bytes;
  });
}

Deno.test("2,050 identities by one invite neither enter, nor keep out a newcomer, nor hold up the node", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const records = await identities(founder, IDENTITIES);
  const sender = await invited(founder);
  await using raw = await RawNode.start(sender.key, sender.credential);
  const { messages } = await raw.gossip(founder);
  const { messages: alike } = await raw.gossip(second);
  for (let i = 0; i < records.length; i += 50) {
    const part = records.slice(i, i + 50);
    await Promise.all([messages, alike].map((link) => link.write(["records", part])));
  }
  // The record that follows on the same stream shows when it was read.
  const own = signRecord({
    status: "alive",
    announcement: {
      ...content({ name: "raw", wanted: ["read"] }),
      peer: peerIdOf(sender.key.publicKey),
      addresses: [],
      rttsMs: {},
      incarnation: 5,
      seq: 5,
    },
  }, sender);
  await Promise.all([messages, alike].map((link) => link.write(["records", [own.bytes]])));
  await Promise.all(
    [founder, second].map((mesh) => until(mesh, () => mesh.routes().wanted.includes("read"))),
  );
  const token = await second.invite({ role: "member" });
  const newcomer = await meshes.member("newcomer", { token });
  await Promise.all(
    [founder, second].map((mesh) =>
      until(mesh, () => mesh.members().some(({ machine: { name } }) => name === "newcomer"))
    ),
  );
  await until(
    newcomer,
    () => newcomer.members().some(({ machine: { name } }) => name === "founder"),
  );
  for (const mesh of [founder, second]) {
    const names = mesh.members().map(({ machine: { name } }) => name).sort();
    assert.deepEqual(names.filter((name) => name.startsWith("nobody")), []);
    const table = mesh.routes();
    assert.ok(table.nodes.some(({ peer }) => peer === mesh.self));
    assert.ok(encodeCbor(tableToWire(table)).byteLength < MAX_ROUTES_MESSAGE_BYTES / 100);
  }
  const client = await invited(founder, "client");
  await using asker = await RawNode.start(client.key, client.credential, "client");
  const stream = await asker.open(founder, ROUTES_PROTOCOL);
  const { nodes } = await askRoutes(stream, EMPTY_TABLE).finally(() => stream.release());
  assert.ok(nodes.some(({ machine: { name } }) => name === "newcomer"));
});
