/** A relay in a process of its own is killed while it carries for twenty pairs; real QUIC. */

import "./leak_guard.ts";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Mesh, PeerId } from "../../src/mesh/mod.ts";
import type { MovingMesh } from "../../src/mesh/moving_mesh.ts";
import { startRelayProcess } from "../support/relay_process.ts";
import { TestMeshes, until } from "./test_mesh.ts";

/** Of each two of them one pair: 21. */
const MEMBERS = 7;

/** From the relay's death until the last of all pairs is reached again. */
const REACHED_AGAIN_MS = 10_000;

/** Nobody is there, and no packet leaves for it. */
const OUT_OF_REACH = { interfaces: () => [{ name: "eth0", address: "fd00:dead::1" }] };

async function startRelay(dataDir: string) {
  const node = await startRelayProcess({ dataDir });
  const { node: peer, claim } = await node.waitFor("relay");
  return { node, peer: peer as PeerId, claim: String(claim) };
}

const byOf = (near: Mesh, far: Mesh) => (near as MovingMesh).ways.get(far.self)?.by;
const connectedRelays = (mesh: Mesh) => mesh.relays().filter(({ connected }) => connected).length;

/** A connection that was begun while its relay died may fail: as a node does, it is tried again. */
async function reaches(from: Mesh, to: Mesh): Promise<void> {
  const endMs = performance.now() + 2 * REACHED_AGAIN_MS;
  for (;;) {
    try {
      const stream = await from.open(to.self, "/mesh-llm/routes/1");
      return stream.reset(new Error("That was all"));
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await delay(20); // one that fails at once must not keep the others from their turn
    }
  }
}

Deno.test("twenty pairs of a relay that is killed are reached over another within 10 s", async () => {
  await using meshes = new TestMeshes();
  const [used, spare] = await Promise.all(
    ["used", "spare"].map((name) => startRelay(meshes.directory(name))),
  );
  assert.ok(used && spare);
  await using _used = used.node;
  await using _spare = spare.node;
  const first = await meshes.member("m0", OUT_OF_REACH);
  await first.addRelay(used.claim);
  await until(first, () => connectedRelays(first) === 1);
  const token = await first.invite({ role: "member" });
  const others = await Promise.all(
    Array.from(
      { length: MEMBERS - 1 },
      (_, at) => meshes.member(`m${at + 1}`, { token, ...OUT_OF_REACH }),
    ),
  );
  const all = [first, ...others];
  const pairs = all.flatMap((near, at) => all.slice(at + 1).map((far) => [near, far] as const));
  assert.ok(pairs.length >= 20);
  await Promise.all(all.map((mesh) => until(mesh, () => mesh.members().length === MEMBERS - 1)));
  await Promise.all(pairs.map(([near, far]) => reaches(near, far)));
  for (const [near, far] of pairs) assert.equal(byOf(near, far), used.peer);
  await first.addRelay(spare.claim);
  await Promise.all(all.map((mesh) => until(mesh, () => connectedRelays(mesh) === 2)));
  used.node.kill("SIGKILL");
  const killedMs = performance.now();
  const times = await Promise.all(pairs.map(async ([near, far]) => {
    for (const [one, other] of [[near, far], [far, near]] as const) {
      await until(one, () => byOf(one, other) === spare.peer);
      await reaches(one, other);
    }
    return performance.now() - killedMs;
  }));
  assert.ok(Math.max(...times) <= REACHED_AGAIN_MS, `after ${Math.max(...times)} ms`);
});
