/** Members and clients that can't dial each other, and those that carry for them; real QUIC, one process. */

import "./leak_guard.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Mesh, RelayNode } from "../../src/mesh/mod.ts";
import type { MovingMesh } from "../../src/mesh/moving_mesh.ts";
import { claimOf, startRelay } from "./relay/relay_here.ts";
import { TestMeshes, until } from "./test_mesh.ts";

/** Nobody is there, and no packet leaves for it. */
const OUT_OF_REACH = { interfaces: () => [{ name: "eth0", address: "fd00:dead::1" }] };

const ROUTES = "/mesh-llm/routes/1";

const waysOf = (mesh: Mesh) => (mesh as MovingMesh).ways;
const lists = (mesh: Mesh, count: number) => until(mesh, () => mesh.members().length === count);
const hasRelay = (mesh: Mesh) => until(mesh, () => mesh.relays().some((one) => one.connected));

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
  }
  assert.equal(waysOf(hub).size, 0);
  await bob.stop();
  await until(ann, () => ann.members().length === 1);
});
