/** Members and clients that can't dial each other, and those that carry for them; real QUIC, one process. */

import "./leak_guard.ts";
import assert from "node:assert/strict";
import type { Mesh, RelayNode } from "../../src/mesh/mod.ts";
import type { MovingMesh } from "../../src/mesh/moving_mesh.ts";
import { claimOf, startRelay } from "./relay/relay_here.ts";
import { TestMeshes, until } from "./test_mesh.ts";

/** Nobody is there, and no packet leaves for it. */
const OUT_OF_REACH = { interfaces: () => [{ name: "eth0", address: "fd00:dead::1" }] };

const ROUTES = "/mesh-llm/routes/1";

/** Several processes of a mesh that nobody can dial, and a relay or two. */
async function startHidden(meshes: TestMeshes, relays: readonly RelayNode[], folders: string[]) {
  const ann = await meshes.member("ann", OUT_OF_REACH);
  for (const folder of folders) await ann.addRelay(await claimOf(folder));
  await until(ann, () => ann.relays().filter((one) => one.connected).length === relays.length);
  const token = await ann.invite({ role: "member" });
  const bob = await meshes.member("bob", { token, ...OUT_OF_REACH });
  await Promise.all([ann, bob].map((mesh) => lists(mesh, 1)));
  return [ann, bob] as const;
}

const waysOf = (mesh: Mesh) => (mesh as MovingMesh).ways;
const lists = (mesh: Mesh, count: number) => until(mesh, () => mesh.members().length === count);

async function asks(from: Mesh, to: Mesh): Promise<void> {
  const stream = await from.open(to.self, ROUTES);
  stream.reset(new Error("That was all"));
}

Deno.test("two members that nobody can dial know each other over a third, whoever wants to", async () => {
  await using meshes = new TestMeshes();
  const hub = await meshes.member("hub");
  const token = await hub.invite({ role: "member" });
  const [ann, bob] = await Promise.all(
    ["ann", "bob"].map((name) => meshes.member(name, { token, ...OUT_OF_REACH })),
  );
  assert.ok(ann && bob);
  await Promise.all([hub, ann, bob].map((mesh) => lists(mesh, 2)));
  await Promise.all([asks(ann, bob), asks(bob, ann)]);
  for (const [near, far] of [[ann, bob], [bob, ann]] as const) {
    const way = waysOf(near).get(far.self);
    assert.deepEqual([way?.kind, way?.by], ["relayed", hub.self]);
    const reached = near.reachedBy()(far.self);
    assert.deepEqual(reached?.kind === "relayed" && reached.by, hub.self);
    assert.deepEqual(near.reachedBy()(hub.self), { kind: "lan" });
    assert.deepEqual(hub.reachedBy()(near.self), { kind: "lan" });
  }
  assert.equal(waysOf(hub).size, 0);
  await bob.stop();
  await until(ann, () => ann.members().length === 1);
});

Deno.test("a client is carried to a member that nobody can dial, by the relay of its token", async () => {
  await using meshes = new TestMeshes();
  const folder = meshes.directory("relay");
  await using relay = await startRelay(folder);
  const ann = await meshes.member("ann", OUT_OF_REACH);
  const { peer } = await ann.addRelay(await claimOf(folder), "vps");
  await until(ann, () => ann.relays().some(({ connected }) => connected));
  assert.deepEqual(ann.relays().map(({ name }) => name), ["vps"]);
  const token = await ann.invite({ role: "client" });
  const client = await meshes.start("client", { role: "client", token, ...OUT_OF_REACH });
  await until(client, () => client.routes().nodes.length === 1);
  await asks(client, ann);
  assert.equal(waysOf(client).get(ann.self)?.by, peer);
  assert.equal((await relay.status()).meshes[0]?.pairs, 1);
  assert.equal(ann.clientsConnected(), 1);
});

Deno.test("a relay that ends is replaced by another, and nobody notices", async () => {
  await using meshes = new TestMeshes();
  const folders = ["one", "other"].map((name) => meshes.directory(name));
  await using one = await startRelay(folders[0]!);
  await using other = await startRelay(folders[1]!);
  const [ann, bob] = await startHidden(meshes, [one, other], folders);
  const [{ peer: first }, { peer: second }] = [await one.status(), await other.status()];
  for (const mesh of [ann, bob]) {
    await until(mesh, () => mesh.relays().filter(({ connected }) => connected).length === 2);
  }
  const noticed: string[] = [];
  for (const mesh of [ann, bob]) {
    mesh.subscribe((event) => event.type === "peer" && noticed.push(event.change));
  }
  const now = waysOf(ann).get(bob.self)?.by;
  await (now === first ? one : other).stop();
  for (const [near, far] of [[ann, bob], [bob, ann]] as const) {
    const { self } = far;
    await until(near, () => waysOf(near).get(self)?.by === (now === first ? second : first));
    await asks(near, far);
  }
  assert.deepEqual(noticed, []);
});
