import { endLibp2pLeaks } from "./leak_guard.ts";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { peerIdFromString } from "@libp2p/peer-id";
import { Crowd } from "../../scripts/load/crowd.ts";
import { type Clock, systemClock } from "../../src/mesh/base/clock.ts";
import type { Mesh } from "../../src/mesh/mod.ts";
import { Heap } from "../support/heap.ts";
import { TestMeshes } from "./test_mesh.ts";

const CLIENTS = Number(Deno.env.get("MESH_LLM_TEST_PASSERS") ?? 200);
const AT_ONCE = 50;
const AN_HOUR_MS = 3_600_000;

Deno.test(`of ${CLIENTS} clients that came and went a member keeps nothing`, async () => {
  await using meshes = new TestMeshes();
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, elapsed: () => systemClock.elapsed() + aheadMs };
  const member = await meshes.member("member", { clock });
  const token = await member.invite({ role: "client" });
  await using crowd = await Crowd.start({ token, processes: 1 });
  const passed: Uint8Array[] = [];
  for (let done = 0; done < CLIENTS; done += AT_ONCE) {
    assert.deepEqual((await crowd.join(AT_ONCE)).failures, []);
    passed.push(...idsOf(member));
    await crowd.leave(AT_ONCE);
    await untilAlone(member);
  }
  assert.equal(passed.length, CLIENTS);
  // The limits on joins and streams have to outlive a connection, but not for long.
  aheadMs += AN_HOUR_MS;
  await crowd.join(1);
  const [last] = idsOf(member);
  const heap = await Heap.read();
  assert.ok(last !== undefined && isKept(last, heap), "who is here is found");
  const kept = passed.filter((id) => isKept(id, heap));
  assert.equal(kept.length, 0, `${kept.length} of ${CLIENTS} are still in the heap`);
  endLibp2pLeaks();
});

/** Of the clients that are connected; as bytes, so that they are not found for being kept here. */
function idsOf(mesh: Mesh): Uint8Array[] {
  const encoder = new TextEncoder();
  return mesh.invites().flatMap(({ usedBy }) => usedBy.map((id) => encoder.encode(id)));
}

/** No event reports a client that leaves. */
async function untilAlone(mesh: Mesh): Promise<void> {
  const limit = AbortSignal.timeout(30_000);
  while (mesh.clientsConnected() > 0) await delay(5, undefined, { signal: limit });
}

/** In the two ways in which libp2p writes a PeerId. */
function isKept(encoded: Uint8Array, heap: Heap): boolean {
  const id = new TextDecoder().decode(encoded);
  return heap.has(id) || heap.has(peerIdFromString(id).toCID().toString());
}
