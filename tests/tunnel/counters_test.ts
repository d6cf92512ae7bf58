import assert from "node:assert/strict";
import type { PeerStream } from "../../src/tunnel/mod.ts";
import { TunnelCounts } from "../../src/tunnel/mod.ts";
import { QuicPair } from "./quic_pair.ts";
import { pattern } from "./tcp_pair.ts";

function openStreams(counts: TunnelCounts): number {
  return counts.snapshot()[0]?.streams ?? 0;
}

Deno.test("TunnelCounts keeps bytes per peer and kind when streams close", async () => {
  await using quic = await QuicPair.connect();
  const counts = new TunnelCounts();
  for (const kind of ["rpc", "http"] as const) {
    for (const peer of ["a", "b"]) {
      const { near, far } = await quic.stream();
      const counted = counts.count(near, peer, kind);
      await Promise.all([counted.write(pattern(1_000)), far.write(pattern(10))]);
      assert.equal((await counted.read())?.length, 10);
      counted.reset(new Error("done"));
      far.reset(new Error("done"));
    }
  }
  const one = { streams: 0, bytesSent: 1_000, bytesReceived: 10, weightBytesSaved: 0 };
  assert.deepEqual(counts.snapshot(), [
    { peer: "a", kind: "rpc", ...one },
    { peer: "b", kind: "rpc", ...one },
    { peer: "a", kind: "http", ...one },
    { peer: "b", kind: "http", ...one },
  ]);
});

Deno.test("TunnelCounts counts a stream as open until both directions have ended", async () => {
  await using quic = await QuicPair.connect();
  const counts = new TunnelCounts();
  const endings: Record<string, (counted: PeerStream, far: PeerStream) => Promise<void>> = {
    "closed by both": async (counted, far) => {
      await counted.closeWrite();
      assert.equal(openStreams(counts), 1);
      await far.closeWrite();
      assert.equal(await counted.read(), null);
    },
    "reset here": (counted) => Promise.resolve(counted.reset(new Error("enough"))),
    "reset there": async (counted, far) => {
      far.reset(new Error("enough"));
      await assert.rejects(counted.read());
      assert.equal(openStreams(counts), 1);
      await assert.rejects(counted.write(new Uint8Array(1)));
    },
    "reset here after both have closed": async (counted, far) => {
      await Promise.all([counted.closeWrite(), far.closeWrite()]);
      await counted.read();
      counted.reset(new Error("late"));
    },
  };
  for (const [how, end] of Object.entries(endings)) {
    const { near, far } = await quic.stream();
    const counted = counts.count(near, "peer", "rpc");
    assert.equal(openStreams(counts), 1, how);
    await end(counted, far);
    assert.equal(openStreams(counts), 0, how);
  }
});

Deno.test("TunnelCounts.counting() counts what is opened through it, and nothing where that fails", async () => {
  const counts = new TunnelCounts();
  const signal = new AbortController().signal;
  const failing = counts.counting(() => Promise.reject(new Error("Nobody there")), "http");
  await assert.rejects(failing("peer", signal));
  assert.deepEqual(counts.snapshot(), []);
  await using quic = await QuicPair.connect();
  const stream = await counts.counting(() => quic.open(), "http")("peer", signal);
  assert.equal(openStreams(counts), 1);
  stream.reset(new Error("done"));
});

Deno.test("TunnelCounts counts peers beyond a thousand together, and forgets none of the bytes", async () => {
  const counts = new TunnelCounts();
  const silent: PeerStream = {
    read: () => Promise.resolve(null),
    write: () => Promise.resolve(),
    closeWrite: () => Promise.resolve(),
    reset: () => {},
  };
  const sums: number[] = [];
  for (const round of [1, 2]) {
    for (let n = 0; n < 1_500; n++) {
      const stream = counts.count(silent, `p${n}`, "rpc");
      await stream.write(new Uint8Array(10));
      stream.reset(new Error("done"));
      counts.rpcOf(`p${n}`).stalls++;
    }
    const kept = counts.snapshot();
    assert.equal(kept.length, 1_001);
    assert.deepEqual(kept.slice(999).map(({ peer }) => peer), ["p999", "other"]);
    assert.equal(kept[0]?.bytesSent, 10 * round);
    assert.equal(kept[1_000]?.bytesSent, 5_000 * round);
    assert.equal(kept[1_000]?.rpc?.stalls, 500 * round);
    sums.push(kept.reduce((sum, { bytesSent }) => sum + bytesSent, 0));
  }
  assert.deepEqual(sums, [15_000, 30_000]);
});
