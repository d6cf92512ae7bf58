import assert from "node:assert/strict";
import fc from "fast-check";
import { FULL_MESH_MEMBERS } from "../../../src/mesh/base/defaults.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import { isNeighbourOf, neighbours } from "../../../src/mesh/gossip/overlay.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";

/** A mesh of so many members whose keys follow from a seed, and who is connected to whom. */
function meshOf(size: number, seed: number) {
  const peers = Array.from({ length: size }, (_, i) => {
    const key = new Uint8Array(32);
    for (let at = 0; at < 32; at++) {
      key[at] = Math.imul(seed + 31 * i + 7 * at, 2_654_435_761) >>> 24;
    }
    key[31] = i & 255;
    key[30] = i >> 8;
    return peerIdOf(key);
  }).sort();
  const links = new Map(peers.map((peer) => [peer, new Set<PeerId>()]));
  for (const peer of peers) {
    for (const other of neighbours(peer, peers.filter((one) => one !== peer))) {
      links.get(peer)?.add(other);
      links.get(other)?.add(peer);
    }
  }
  return { peers, links };
}

/** Steps from one member to the farthest that it reaches, and how many it reaches. */
function walk(links: ReadonlyMap<PeerId, ReadonlySet<PeerId>>, from: PeerId) {
  const steps = new Map([[from, 0]]);
  const queue = [from];
  for (const peer of queue) {
    for (const next of links.get(peer) ?? []) {
      if (steps.has(next)) continue;
      steps.set(next, (steps.get(peer) ?? 0) + 1);
      queue.push(next);
    }
  }
  return { reached: steps.size, farthest: Math.max(...steps.values()) };
}

Deno.test("a small mesh is full", () => {
  const { peers, links } = meshOf(FULL_MESH_MEMBERS, 1);
  for (const peer of peers) assert.equal(links.get(peer)?.size, FULL_MESH_MEMBERS - 1);
});

Deno.test("a large mesh is connected by few connections, and everybody is a few steps away", () => {
  for (const [size, most] of [[40, 25], [200, 50], [1_000, 90]] as const) {
    const { peers, links } = meshOf(size, size);
    const counts = peers.map((peer) => links.get(peer)?.size ?? 0);
    const { reached, farthest } = walk(links, peers[0] as PeerId);
    assert.equal(reached, size);
    assert.ok(farthest <= Math.ceil(Math.log2(size)), `${farthest} steps in ${size}`);
    assert.ok(Math.max(...counts) <= most, `${Math.max(...counts)} connections in ${size}`);
    const mean = counts.reduce((sum, count) => sum + count, 0) / size;
    assert.ok(mean <= 2 * Math.log2(size) + 6, `${mean} connections on average in ${size}`);
  }
});

Deno.test("neighbours are others, and the one side knows when it is the other's neighbour", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 120 }), fc.nat(1_000), (size, seed) => {
      const { peers } = meshOf(size, seed);
      const [self] = peers;
      assert.ok(self);
      const chosen = neighbours(self, peers.slice(1));
      assert.equal(chosen.has(self), false);
      assert.ok(chosen.size > 0);
      for (const peer of peers.slice(1)) {
        assert.equal(isNeighbourOf(peer, self, peers), chosen.has(peer));
      }
    }),
    { numRuns: 30 },
  );
});
