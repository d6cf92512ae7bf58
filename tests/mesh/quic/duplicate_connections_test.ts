import assert from "node:assert/strict";
import fc from "fast-check";
import { CROSSING_DIALS_MS } from "../../../src/mesh/quic/limits.ts";
import { chooseConnection, type Duplicate } from "../../../src/mesh/quic/duplicate_connections.ts";
import { byteStreamOf, drainConnection } from "../../../src/mesh/quic/mod.ts";
import { readBytes } from "./bytes.ts";
import { connectionTo, NO_LIMIT, Nodes, PROTOCOL } from "./nodes.ts";
import { Mailbox } from "./mailbox.ts";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";

const LOW = "12D3KooWAAA";
const HIGH = "12D3KooWBBB";

function view(direction: Duplicate["direction"], openedAtMs: number): Duplicate {
  return { direction, openedAtMs };
}

Deno.test("one connection is kept, and none is drained", () => {
  const only = view("inbound", 5);
  assert.deepEqual(chooseConnection([only], { self: LOW, peer: HIGH }), { keep: only, drain: [] });
  assert.equal(chooseConnection([], { self: LOW, peer: HIGH }), undefined);
});

Deno.test("of two dials that crossed the lower PeerId's stays, whichever came first", () => {
  for (const [outMs, inMs] of [[0, CROSSING_DIALS_MS], [CROSSING_DIALS_MS, 0], [7, 7]] as const) {
    const both = [view("outbound", outMs), view("inbound", inMs)] as const;
    const atLow = chooseConnection(both, { self: LOW, peer: HIGH });
    assert.deepEqual(atLow, { keep: both[0], drain: [both[1]] });
    const atHigh = chooseConnection(both, { self: HIGH, peer: LOW });
    assert.deepEqual(atHigh, { keep: both[1], drain: [both[0]] });
  }
});

Deno.test("a peer that dials anew has lost what was before", () => {
  const dead = view("outbound", 0);
  const fresh = view("inbound", CROSSING_DIALS_MS + 1);
  const choice = chooseConnection([dead, fresh], { self: LOW, peer: HIGH });
  assert.deepEqual(choice, { keep: fresh, drain: [dead] });
});

Deno.test("of two dials of one node, only that node drains the older one", () => {
  const [older, newer] = [view("inbound", 0), view("inbound", 10)];
  const accepted = chooseConnection([older, newer], { self: LOW, peer: HIGH });
  assert.deepEqual(accepted, { keep: newer, drain: [] });
  const [first, second] = [view("outbound", 0), view("outbound", 10)];
  const dialled = chooseConnection([first, second], { self: LOW, peer: HIGH });
  assert.deepEqual(dialled, { keep: second, drain: [first] });
});

Deno.test("both ends never drain each other's choice", () => {
  /** Half of what the clocks of the two ends, and their event loops, may differ by. */
  const skew = fc.integer({ min: 0, max: 400 });
  const dial = fc.record({ byLow: fc.boolean(), slot: fc.integer({ min: 0, max: 3 }), skew });
  fc.assert(fc.property(fc.array(dial, { minLength: 1, maxLength: 4 }), (dials) => {
    // Either within the time of crossing dials, or clearly beyond it.
    const openedAtMs = (slot: number) => slot % 2 * 1_000 + Math.floor(slot / 2) * 60_000;
    const at = (self: string) =>
      dials.map(({ byLow, slot, skew }) =>
        view(
          byLow === (self === LOW) ? "outbound" : "inbound",
          openedAtMs(slot) + (self === LOW ? skew : 0),
        )
      );
    const [low, high] = [at(LOW), at(HIGH)];
    const lows = chooseConnection(low, { self: LOW, peer: HIGH });
    const highs = chooseConnection(high, { self: HIGH, peer: LOW });
    assert.ok(lows && highs);
    const kept = [low.indexOf(lows.keep), high.indexOf(highs.keep)];
    const drained = [
      lows.drain.map((one) => low.indexOf(one)),
      highs.drain.map((one) => high.indexOf(one)),
    ];
    const dialler = dials[kept[0]!]?.byLow;
    assert.equal(dialler, dials[kept[1]!]?.byLow, "they keep dials of different nodes");
    assert.ok(dials.some((_, index) => drained.every((list) => !list!.includes(index))));
  }));
});

async function connectBothWays(one: Libp2p, other: Libp2p): Promise<void> {
  const arrived = [connectionTo(one, other), connectionTo(other, one)];
  await Promise.all([
    one.dial(other.getMultiaddrs(), { force: true }),
    other.dial(one.getMultiaddrs(), { force: true }),
    ...arrived,
  ]);
  for (const node of [one, other]) {
    while (node.getConnections().length < 2) {
      await new Promise((resolve) => node.addEventListener("connection:open", resolve));
    }
  }
}

Deno.test("two nodes that dial each other at once end up with one connection, and no stream breaks", async () => {
  await using nodes = new Nodes();
  const [one, other] = [await nodes.start(), await nodes.start()];
  const incoming = new Mailbox<Stream>();
  for (const node of [one, other]) {
    await node.handle(PROTOCOL, (stream) => incoming.put(stream), NO_LIMIT);
  }
  await connectBothWays(one, other);
  const streams = [];
  for (const connection of one.getConnections()) {
    const near = byteStreamOf(await connection.newStream(PROTOCOL, NO_LIMIT));
    streams.push({ connection, near, far: byteStreamOf(await incoming.take()) });
  }

  const stopping = new AbortController();
  const draining: Promise<void>[] = [];
  const settle = (self: Libp2p, peer: Libp2p): Connection | undefined => {
    const candidates = self.getConnections().map((connection) => ({
      connection,
      direction: connection.direction,
      openedAtMs: connection.timeline.open,
    }));
    const ends = { self: self.peerId.toString(), peer: peer.peerId.toString() };
    const choice = chooseConnection(candidates, ends);
    for (const { connection } of choice?.drain ?? []) {
      draining.push(drainConnection(connection, { quietMs: 10, signal: stopping.signal }));
    }
    return choice?.keep.connection;
  };
  const kept = settle(one, other);
  assert.ok(settle(other, one));
  const lowersDial = one.peerId.toString() < other.peerId.toString() ? "outbound" : "inbound";
  assert.equal(kept?.direction, lowersDial);

  const drained = one.getConnections().find((connection) => connection !== kept);
  assert.ok(drained);
  const closed = new Promise((resolve) => drained.addEventListener("close", resolve));
  for (const { near, far } of streams) {
    await near.write(new Uint8Array(100_000));
    assert.equal((await readBytes(far, 100_000)).length, 100_000);
    await Promise.all([near.closeWrite(), far.closeWrite()]);
    assert.equal(await far.read(), null);
    assert.equal(await near.read(), null);
  }
  await closed;
  assert.deepEqual(one.getConnections(), [kept]);
  await Promise.all(draining);
  stopping.abort();
});
