import assert from "node:assert/strict";
import { IdleConnections } from "../../../src/mesh/link/idle_connections.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";

const [A, B] = ["a", "b"] as PeerId[] as [PeerId, PeerId];

Deno.test("a connection is closed once nothing has been asked of it for a while", async () => {
  const closed = Promise.withResolvers<PeerId>();
  const idle = new IdleConnections(closed.resolve, 1);
  const first = idle.hold(A);
  const second = idle.hold(A);
  first();
  idle.hold(B);
  second();
  assert.equal(await closed.promise, A);
  idle.stop();
});

Deno.test("a use in time keeps the connection, and stop() ends the waiting", () => {
  const idle = new IdleConnections(() => assert.fail("closed"), 60_000);
  idle.hold(A)();
  const release = idle.hold(A);
  idle.hold(B)();
  idle.stop();
  release();
});

Deno.test("a short use does not shorten what an earlier one has asked for, and is short by itself", async () => {
  const closed: PeerId[] = [];
  const both = Promise.withResolvers<void>();
  const idle = new IdleConnections((peer) => {
    closed.push(peer);
    if (closed.length === 2) both.resolve();
  }, 50);
  idle.hold(A)();
  idle.hold(A, 1)();
  idle.hold(B, 1)();
  await both.promise;
  assert.deepEqual(closed, [B, A]);
  idle.stop();
});
