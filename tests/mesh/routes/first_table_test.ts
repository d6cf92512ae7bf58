import assert from "node:assert/strict";
import { FIRST_ANSWERS_MS, FIRST_TABLE_LIFE_MS } from "../../../src/mesh/base/defaults.ts";
import { FirstTable } from "../../../src/mesh/routes/first_table.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import {
  buildRoutingTable,
  EMPTY_TABLE,
  withoutNodes,
} from "../../../src/mesh/routes/routing_table.ts";
import type { Announcement } from "../../../src/mesh/base/announcement.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import type { RoutingTable } from "../../../src/mesh/base/table.ts";
import { content } from "../content.ts";

const [A, B, C] = [1, 2, 3].map((i) => peerIdOf(new Uint8Array(32).fill(i))) as [
  PeerId,
  PeerId,
  PeerId,
];

function serving(peer: PeerId, name: string): Announcement {
  const model = { name, fingerprint: "0f".repeat(32) };
  const size = { sizeBytes: 1, contextLength: 1, needBytes: 1, haveBytes: 1 };
  const place = { mode: "solo", state: "warm", term: 1, hostShare: 1, workers: [] } as const;
  const life = { addresses: [`/${name}`], rttsMs: {}, incarnation: 1, seq: 1 };
  return { ...content(), ...life, peer, instances: [{ model, ...size, ...place }] };
}

const whole = buildRoutingTable([serving(A, "x")]);
const partial = buildRoutingTable([serving(B, "y")], { partial: true });

/** Time that stands still until it is moved. */
function stillClock() {
  const waiting: { readonly at: number; readonly run: () => void }[] = [];
  let now = 0;
  return {
    get timers() {
      return waiting.length;
    },
    after(delayMs: number, run: () => void) {
      const one = { at: now + delayMs, run };
      waiting.push(one);
      return () => {
        if (waiting.includes(one)) waiting.splice(waiting.indexOf(one), 1);
      };
    },
    pass(ms: number) {
      now += ms;
      for (const { at, run } of waiting.splice(0)) at <= now ? run() : this.after(at - now, run);
    },
  };
}

function setUp(strangers: readonly PeerId[], earlier: RoutingTable = EMPTY_TABLE) {
  const clock = stillClock();
  const view = new FirstTable({ clock, strangers, earlier, changed: () => {} });
  let answered = false;
  view.answers.then(() => answered = true);
  const isAnswered = async () => {
    await Promise.resolve();
    return answered;
  };
  return { clock, view, isAnswered };
}

Deno.test("FirstTable: an answer in the turn of the stop starts no timer", () => {
  for (const table of [whole, partial]) {
    const { view, clock } = setUp([A, B]);
    view.stop();
    view.told(A, table);
    view.missed(B);
    assert.equal(clock.timers, 0);
    assert.deepEqual(view.table, EMPTY_TABLE);
  }
});

Deno.test("FirstTable: who founds a mesh knows it", async () => {
  const { view, isAnswered } = setUp([]);
  assert.equal(view.isPartial, false);
  assert.ok(await isAnswered());
});

Deno.test("FirstTable: who knows the mesh tells it, and what gossip has not confirmed passes", async () => {
  const { view, clock, isAnswered } = setUp([A, B]);
  view.told(B, partial);
  assert.equal(view.isPartial, true);
  assert.deepEqual(view.table, partial, "better than nothing");
  assert.equal(await isAnswered(), false);
  view.told(A, whole);
  assert.equal(view.isPartial, false);
  assert.deepEqual(view.table, whole);
  assert.ok(await isAnswered());
  clock.pass(FIRST_TABLE_LIFE_MS);
  assert.deepEqual(view.table, EMPTY_TABLE);
});

Deno.test("FirstTable: where all have just come, all that there is is known", async () => {
  const { view, isAnswered } = setUp([A, B]);
  view.told(A, partial);
  view.told(B, partial);
  assert.equal(view.isPartial, false);
  assert.ok(await isAnswered());
});

Deno.test("FirstTable: who reaches nobody does not wait, and does not know", async () => {
  const { view, clock, isAnswered } = setUp([A, B], whole);
  assert.deepEqual(view.table, whole, "what was known before goes on being true for a while");
  view.missed(A);
  assert.equal(await isAnswered(), false);
  view.missed(B);
  assert.ok(await isAnswered());
  clock.pass(FIRST_TABLE_LIFE_MS);
  assert.equal(view.isPartial, true);
  view.told(C, partial);
  assert.equal(view.isPartial, true, "others may be found yet");
  clock.pass(FIRST_TABLE_LIFE_MS);
  assert.equal(view.isPartial, false);
});

Deno.test("FirstTable: a peer that does not answer is not waited for without end", async () => {
  const { view, clock, isAnswered } = setUp([A]);
  clock.pass(FIRST_ANSWERS_MS);
  assert.ok(await isAnswered());
  assert.equal(view.isPartial, true);
});

Deno.test("a table takes nodes of an earlier one that are strangers, and names what the dead served", () => {
  const earlier = buildRoutingTable([serving(A, "x"), serving(B, "y")]);
  const idle = { ...serving(A, "x"), instances: [] };
  const table = buildRoutingTable([idle], {
    earlier,
    isKnown: (peer) => peer === A,
    lost: [serving(C, "z"), serving(C, "y")],
  });
  assert.deepEqual(table.nodes.map(({ peer }) => peer), [A, B].sort());
  assert.deepEqual(table.instances.map(({ model, host }) => [model.name, host]), [["y", B]]);
  assert.deepEqual(table.lost, ["z"], "y is served");
  const left = withoutNodes(earlier, (peer) => peer === B);
  assert.deepEqual(left, buildRoutingTable([serving(A, "x")]), "the version too");
});
