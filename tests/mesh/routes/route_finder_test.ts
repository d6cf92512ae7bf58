import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import { RouteFinder } from "../../../src/mesh/routes/route_finder.ts";
import { buildRoutingTable } from "../../../src/mesh/routes/routing_table.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import type { RoutingTable } from "../../../src/mesh/base/table.ts";

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
