import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { raceSignal } from "../../../src/base/race_signal.ts";
import { NEXT_ASKED_MS } from "../../../src/mesh/base/defaults.ts";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import { RouteFinder } from "../../../src/mesh/routes/route_finder.ts";
import { buildRoutingTable } from "../../../src/mesh/routes/routing_table.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import type { RoutingTable } from "../../../src/mesh/base/table.ts";
import { VirtualTime } from "../../simulator/virtual_time.ts";

const [A, B] = [1, 2].map((i) => peerIdOf(new Uint8Array(32).fill(i))) as [PeerId, PeerId];

const whole = buildRoutingTable([]);
const partial = buildRoutingTable([], { partial: true });

function finding(answers: ReadonlyMap<PeerId, RoutingTable>) {
  const asked: PeerId[] = [];
  let turn = 0;
  const finder = new RouteFinder({
    clock: systemClock,
    random: () => ++turn / 10,
    logger: getLogger("test"),
    stored: () => new Map([[A, ["/a"]], [B, ["/b"]]]),
    ask(peer) {
      asked.push(peer);
      const table = answers.get(peer);
      return table === undefined ? Promise.reject(new Error("silent")) : Promise.resolve(table);
    },
    isHearsay: () => false,
    drop: () => {},
    changed: () => {},
  });
  return { finder, asked };
}

Deno.test("RouteFinder: who has just come is not believed where another knows more", async () => {
  const counts: number[] = [];
  for (const [young, old] of [[A, B], [B, A]] as const) {
    const { finder, asked } = finding(new Map([[young, partial], [old, whole]]));
    assert.deepEqual(await finder.refresh({ force: true }), whole);
    counts.push(asked.length);
    await finder.stop();
  }
  assert.deepEqual(counts.sort(), [1, 2], "one of the two is asked first");
});

Deno.test("RouteFinder: what little is known is taken, and who was silent is not asked for more each time", async () => {
  const { finder, asked } = finding(new Map([[A, partial]]));
  assert.deepEqual(await finder.refresh({ force: true }), partial);
  const before = asked.length;
  assert.deepEqual(await finder.refresh({ force: true }), partial);
  assert.deepEqual(asked.slice(before), [A]);
  assert.deepEqual(await finder.refresh({}), partial);
  assert.equal(asked.length, before + 1, "it is fresh for a moment");
  await finder.stop();
});

Deno.test("RouteFinder: while some say nothing, the next one is asked as well", async () => {
  const peers = [1, 2, 3, 4, 5].map((i) => peerIdOf(new Uint8Array(32).fill(i)));
  const [alive] = peers.slice(-1);
  const time = new VirtualTime();
  const asked: PeerId[] = [];
  const dropped: PeerId[] = [];
  let turn = 0;
  const finder = new RouteFinder({
    clock: {
      now: () => time.now,
      elapsed: () => time.now,
      after: (ms, run) => time.at(time.now + ms, run),
    },
    random: () => ++turn / 10,
    logger: getLogger("test"),
    stored: () => new Map(peers.map((peer) => [peer, [`/${peer}`]])),
    async ask(peer, _question, signal) {
      asked.push(peer);
      if (peer === alive) return whole;
      return await raceSignal(new Promise<RoutingTable>(() => {}), signal);
    },
    isHearsay: () => false,
    drop: (peer) => void dropped.push(peer),
    changed: () => {},
  });
  const refreshing = finder.refresh({ force: true });
  await time.runUntil(4 * NEXT_ASKED_MS);
  assert.deepEqual(await refreshing, whole);
  assert.deepEqual(asked, peers);
  await finder.stop();
  assert.deepEqual(dropped, [], "those that were still asked have no time left to be found silent");
});
