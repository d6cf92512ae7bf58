import { endLibp2pLeaks } from "../leak_guard.ts";
import assert from "node:assert/strict";
import { ROUTES_PROTOCOL } from "../../../src/mesh/mod.ts";
import { QuicListener } from "../../../src/mesh/quic/listener.ts";
import { invited, RawNode } from "../raw_node.ts";
import { TestMeshes } from "../test_mesh.ts";

Deno.test("a peer that dials in the very moment in which a node begins to listen is taken in", async () => {
  await using meshes = new TestMeshes();
  const first = await meshes.member("member");
  const addresses = first.addresses();
  const { key, credential } = await invited(first, "client");
  await first.stop();
  await using client = await RawNode.start(key, credential, "client");
  const { listen } = QuicListener.prototype;
  let early: Promise<unknown> | undefined;
  // The start is held until the peer is served, or refused.
  QuicListener.prototype.listen = async function (address) {
    await listen.call(this, address);
    if (!`${address}`.startsWith("/ip4")) return;
    early = client.open(first, ROUTES_PROTOCOL, addresses);
    await early.catch(() => undefined);
  };
  try {
    const again = await meshes.member("member");
    assert.deepEqual(again.addresses(), addresses);
    await early;
    assert.equal(again.clientsConnected(), 1);
  } finally {
    QuicListener.prototype.listen = listen;
  }
  endLibp2pLeaks();
});
