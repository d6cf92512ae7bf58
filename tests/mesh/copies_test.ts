import "./leak_guard.ts";
import assert from "node:assert/strict";
import { peerIdOf, SigningKey } from "../../src/mesh/base/keys.ts";
import type { Mesh } from "../../src/mesh/mod.ts";
import { isProof, proveLife } from "../../src/mesh/link/proof_of_life.ts";
import { TestMeshes, until } from "./test_mesh.ts";

/** The node that owns the directory runs and replaces its files: one may be gone when its turn comes. */
async function copyDirectory(from: string, to: string): Promise<void> {
  const copy = new Deno.Command("cp", { args: ["-r", `${from}/.`, to] });
  let told = "";
  for (let tries = 0; tries < 5; tries++) {
    const { success, stderr } = await copy.output();
    if (success) return;
    told = new TextDecoder().decode(stderr);
  }
  assert.fail(told);
}

function sees(mesh: Mesh, other: Mesh): boolean {
  return mesh.members().some(({ peer }) => peer === other.self);
}

/** A port that the copy, which would take the original's, is given instead. */
async function freePort(meshes: TestMeshes): Promise<number> {
  const mesh = await meshes.start("port");
  const port = Number(/udp\/(\d+)/.exec(mesh.addresses()[0] ?? "")?.[1]);
  await mesh.stop();
  return port;
}

Deno.test("of two live copies of one member the younger stops, and the older stays", async () => {
  await using meshes = new TestMeshes();
  const [founder, second, third] = await meshes.group("founder", "second", "third");
  assert.ok(founder && second && third);
  await copyDirectory(meshes.directory("third"), meshes.directory("copy"));
  const copy = await meshes.member("copy", { bindPort: await freePort(meshes) });
  assert.equal(copy.self, third.self);
  assert.match(await copy.ended, /another copy of this node is running/);
  await copy.stop();
  for (const mesh of [founder, second]) await until(mesh, () => sees(mesh, third));
  const options = { maxStreams: 1 } as const;
  third.handle("/mesh-llm/http/1", options, async (stream) => await stream.closeWrite());
  const stream = await founder.open(third.self, "/mesh-llm/http/1");
  assert.equal(await stream.read(), null);
  assert.ok(founder.counters().cutCopy + second.counters().cutCopy >= 1);
});

Deno.test("of two live copies of one client the younger stops, and the older stays", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  await until(client, () => client.routes().nodes.length === 1);
  await copyDirectory(meshes.directory("client"), meshes.directory("copy"));
  const copy = await meshes.start("copy", { role: "client" });
  assert.match(await copy.ended, /another copy of this node is running/);
  await client.refreshRoutes({ force: true });
  assert.equal(founder.clientsConnected(), 1);
});

Deno.test("a proof of life counts for its question, its node and its time only", () => {
  const [key, other] = [SigningKey.generate(), SigningKey.generate()];
  const [peer, stranger] = [peerIdOf(key.publicKey), peerIdOf(other.publicKey)];
  const [nonce, later] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];
  const proof = proveLife(nonce, 5, key);
  assert.equal(isProof(proof, { nonce, peer }), true);
  assert.equal(isProof(proof, { nonce: later, peer }), false);
  assert.equal(isProof(proof, { nonce, peer: stranger }), false);
  assert.equal(isProof({ ...proof, born: 4 }, { nonce, peer }), false);
});
