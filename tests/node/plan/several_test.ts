/** A node has one instance today. The plans of others work with several, for nodes of a later version may have them. */

import assert from "node:assert/strict";
import { roleIn, type Stock, takeStock } from "../../../src/node/plan/assignment/stock.ts";
import { decide } from "../../../src/node/plan/decide.ts";
import { modelToRequest } from "../../../src/node/plan/load_requests.ts";
import { prospectsOf } from "../../../src/node/plan/prospects.ts";
import { highestTerm, needOf } from "../../../src/node/plan/view.ts";
import { buildRoutingTable } from "../../../src/mesh/routes/routing_table.ts";
import { content } from "../../mesh/content.ts";
import { BIG, instance, member, peer, planOf, SMALL, view } from "../members.ts";

const BOTH = { holds: [BIG, SMALL], targets: [SMALL, BIG] };
const UNTOLD = { pinned: [], catalog: [], mayCool: () => false, rested: new Set<string>() };

Deno.test("of a host with two instances each worker obeys the one that counts it", () => {
  const instances = [instance(SMALL, "warm", ["x"], 5), instance(BIG, "loading", ["a"], 7)];
  const host = member("b", 9, { ...BOTH, instances });
  for (const [name, model, term] of [["a", BIG, 7], ["x", SMALL, 5]] as const) {
    const self = member(name, 50, { targets: [model] });
    const plan = planOf(decide(view(self, [host]), UNTOLD));
    assert.deepEqual(plan, { kind: "worker", model, host: peer("b"), term });
  }
});

Deno.test("the term and the memory of a model are found in whichever place its instance stands", () => {
  const host = member("b", 60, {
    ...BOTH,
    instances: [instance(SMALL, "warm", [], 9), instance(BIG, "warm", ["a"], 3)],
  });
  const worker = member("a", 60, {
    targets: [BIG],
    obeys: [
      { host: peer("z"), term: 2, ready: true },
      { host: peer("b"), term: 4, ready: true },
    ],
  });
  assert.deepEqual([BIG, SMALL].map((model) => highestTerm([host, worker], model)), [4, 9]);
  assert.deepEqual([BIG, SMALL].map((model) => needOf([host], model)), [100, 10]);
});

Deno.test("a member with two instances provides both, and is not taken from either where it is needed", () => {
  const wanted = ["big", "small"];
  const two = [instance(SMALL, "warm"), instance(BIG, "warm")];
  const both = member("b", 200, { holds: [BIG, SMALL], instances: two, wanted });
  const alone = takeStock([both]);
  assert.deepEqual([...alone.providers.keys()].sort(), wanted);
  const rolesOf = (stock: Stock) => two.map(({ model }) => roleIn(stock, both, model));
  assert.deepEqual(rolesOf(alone), ["sole", "sole"]);
  const others = ["a", "c"].map((name, i) =>
    member(name, 200, { instances: [i === 0 ? two[0]! : two[1]!], assignable: false })
  );
  const helped = takeStock([both, ...others]);
  assert.deepEqual(rolesOf(helped), ["spare", "spare"]);
  const half = takeStock([both, others[0]!]);
  assert.deepEqual(rolesOf(half), ["spare", "sole"]);
  assert.deepEqual(
    [...helped.providers].map(([name, list]) => [name, list.length]).sort(),
    [["big", 2], ["small", 2]],
  );
});

Deno.test("each of two claims holds unless somebody of a higher PeerId has it too", () => {
  const options = { holds: [BIG, SMALL], wanted: ["big", "small"] };
  const two = [{ model: "big", reason: "unserved" }, {
    model: "small",
    reason: "unserved",
  }] as const;
  const both = member("a", 200, { ...options, claims: two });
  assert.deepEqual(takeStock([both]).claims.get(peer("a")), two);
  const other = member("b", 200, { ...options, claims: two.slice(0, 1) });
  const { claims } = takeStock([both, other]);
  assert.deepEqual([claims.get(peer("a")), claims.get(peer("b"))], [two.slice(1), two.slice(0, 1)]);
});

Deno.test("two instances and two claims of one node are in the routing table, and all of them come", () => {
  const announced = {
    ...content({
      name: "b",
      targets: [SMALL, BIG],
      claims: [{ model: "big", reason: "hot" }, { model: "later", reason: "download" }],
      instances: [instance(SMALL, "warm"), instance(BIG, "loading")],
    }),
    peer: peer("b"),
    addresses: [],
    rttsMs: {},
    incarnation: 1,
    seq: 1,
  };
  const table = buildRoutingTable([announced]);
  assert.deepEqual(
    table.instances.map(({ host, model }) => [host, model.name]),
    [["b", "small"], ["b", "big"]],
  );
  assert.deepEqual(table.nodes[0]?.targets, [
    { model: "small", why: null },
    { model: "big", why: "hot" },
  ]);
  const { coming, obstacles } = prospectsOf(table);
  assert.deepEqual([...coming].sort(), ["big", "small"]);
  assert.deepEqual(obstacles, [{ kind: "downloading", model: "later", by: "b" }]);
});

Deno.test("a node that is to serve two models need not be asked for either", () => {
  const able = member("b", 200, { ...BOTH, assignable: true });
  assert.equal(modelToRequest("big", [able]), undefined);
  assert.equal(modelToRequest("small", [able]), undefined);
  assert.equal(modelToRequest("big", [{ ...able, targets: [SMALL] }]), "big");
});
