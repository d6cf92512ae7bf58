import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../src/mesh/base/clock.ts";
import { Counters } from "../../src/mesh/base/counters.ts";
import { Gossip } from "../../src/mesh/gossip/gossip.ts";
import type { NetworkStream, PeerConnection } from "../../src/mesh/link/network.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";

/** The peer says nothing on it, and ends it when it is told to; this side is slow to let go of it. */
function silentStream() {
  const [ended, released] = [Promise.withResolvers<null>(), Promise.withResolvers<void>()];
  const stream: NetworkStream = {
    read: () => ended.promise,
    write: () => Promise.resolve(),
    closeWrite: () => Promise.resolve(),
    recycle: () => {},
    reset: () => ended.resolve(null),
    ended: Promise.resolve(),
    release: () => released.promise,
  };
  return { stream, end: () => ended.resolve(null), letGo: () => released.resolve() };
}

Deno.test("a peer that leaves the gossip and opens it again on the same connection keeps its new link", async () => {
  const gossip = new Gossip({
    clock: systemClock,
    counters: new Counters(),
    logger: getLogger("test"),
  });
  const connection: PeerConnection = {
    id: "one",
    peer: "peer" as PeerId,
    direction: "outbound",
    openedAtMs: 0,
    remoteAddress: "",
    isOpen: true,
    streams: 1,
    openStream: () => Promise.reject(new Error("Nobody opens a stream here")),
    drain: () => Promise.resolve(),
    abort: () => {},
  };
  const [before, after] = [silentStream(), silentStream()];
  const earlier = gossip.accept(before.stream, connection);
  before.end();
  const later = gossip.accept(after.stream, connection);
  before.letGo();
  await earlier;
  assert.deepEqual(gossip.peers(), ["peer"]);
  after.end();
  after.letGo();
  await later;
  assert.deepEqual(gossip.peers(), []);
});
