import "../leak_guard.ts";
import assert from "node:assert/strict";
import type { Announcement, Mesh } from "../../../src/mesh/mod.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import { type RecordContent, signRecord } from "../../../src/mesh/gossip/record.ts";
import { content, machine } from "../content.ts";
import { invited, RawNode } from "../raw_node.ts";
import { TestMeshes, until } from "../test_mesh.ts";

/** A raw member of the mesh, and what it can sign. */
async function liar(mesh: Mesh) {
  const signer = await invited(mesh);
  const node = await RawNode.start(signer.key, signer.credential);
  const peer = peerIdOf(signer.key.publicKey);
  const announcement = (changes: Partial<Announcement> = {}): RecordContent => ({
    status: "alive",
    announcement: {
      ...content({ name: "liar" }),
      peer,
      addresses: [],
      rttsMs: {},
      incarnation: 1,
      seq: 1,
      ...changes,
    },
  });
  return { node, peer, announcement, sign: (c: RecordContent) => signRecord(c, signer).bytes };
}

Deno.test("records that are forged, cut, too large or not the sender's to sign change nothing", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const { node, peer, announcement, sign } = await liar(founder);
  await using _ = node;
  const own = sign(announcement());
  const altered = own.slice();
  altered[40] = (altered[40] ?? 0) ^ 1;
  const forSecond = sign(
    announcement({
      peer: second.self,
      machine: machine({ name: "taken over" }),
      incarnation: 2 ** 43,
    }),
  );
  const goodbye = sign({
    status: "left",
    subject: second.self,
    version: { incarnation: 2 ** 43, seq: 1 },
  });
  const evilName = sign(announcement({ machine: machine({ name: "\u001b[2J" }), seq: 9 }));
  const { messages } = await node.gossip(founder);
  const bad = [altered, own.slice(0, -1), new Uint8Array(70_000), forSecond, goodbye, evilName];
  await messages.write(["records", [...bad, own]]);
  await until(founder, () => founder.members().length === 2);
  const seen = founder.members().find((member) => member.peer === peer);
  assert.equal(seen?.machine.name, "liar");
  assert.equal(seen?.seq, 1);
  assert.ok(
    founder.members().some(({ peer, machine: { name } }) =>
      peer === second.self && name === "second"
    ),
  );
});

Deno.test("a death notice about a connected peer changes nothing, and the peer goes above it", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const changes: string[] = [];
  founder.subscribe((event) =>
    event.type === "peer" && changes.push(`${event.name} ${event.change}`)
  );
  const before = founder.members()[0];
  assert.ok(before);
  const { node, announcement, sign } = await liar(founder);
  await using _ = node;
  const { incarnation, seq } = before;
  const version = { incarnation, seq: seq + 5 };
  const { messages } = await node.gossip(founder);
  const notice = sign({ status: "dead", subject: second.self, version });
  await messages.write(["records", [notice, sign(announcement())]]);
  await until(
    founder,
    () => founder.members().some((m) => m.peer === second.self && m.seq > seq + 5),
  );
  assert.deepEqual(changes, ["liar joined"]);
});

Deno.test("a member that talks nonsense loses its connection and nobody else's", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const { node } = await liar(founder);
  await using _ = node;
  const { stream } = await node.gossip(founder);
  await stream.write(new Uint8Array([255, 255, 255, 255, 0]));
  await stream.ended;
  second.announce(content({ name: "second", wanted: ["after"] }));
  await until(founder, () => founder.routes().wanted.includes("after"));
});
