import assert from "node:assert/strict";
import { AdmittedConnections } from "../../../src/mesh/link/admitted_connections.ts";
import type { JoinedPeer } from "../../../src/mesh/link/joined_peer.ts";
import type { PeerConnection } from "../../../src/mesh/link/network.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";

function admitted(id: string, peer: string, isOpen = true) {
  return {
    connection: { id, peer, isOpen } as unknown as PeerConnection,
    peer: { id: peer as PeerId, version: `of ${id}` } as JoinedPeer,
  };
}

Deno.test("connections are found by their peer, the open ones only, and nothing stays of a peer that has gone", () => {
  const connections = new AdmittedConnections();
  const [first, second, closed] = [
    admitted("1", "a"),
    admitted("2", "a"),
    admitted("3", "b", false),
  ];
  for (const one of [first, second, closed]) connections.add(one);
  const a = "a" as PeerId;
  assert.deepEqual(connections.of(a), [first, second]);
  assert.deepEqual(connections.of("b" as PeerId), [], "it closes");
  assert.deepEqual([...connections.peers()], [[a, second.peer]]);
  connections.delete(second);
  assert.deepEqual(connections.of(a), [first]);
  for (const one of [first, closed]) connections.delete(one);
  assert.deepEqual([...connections.peers()], []);
});
