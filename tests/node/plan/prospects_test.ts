import assert from "node:assert/strict";
import type { Instance, RouteInstance, RoutingTable } from "../../../src/mesh/mod.ts";
import { EMPTY_TABLE } from "../../../src/mesh/routes/routing_table.ts";
import { requestLoadElsewhere } from "../../../src/node/plan/load_requests.ts";
import { prospectsOf } from "../../../src/node/plan/prospects.ts";
import { BIG, instance, peer } from "../members.ts";
import { routeNode as node } from "../report/route_node.ts";

function at(host: string, state: Instance["state"]): RouteInstance {
  return { ...instance(BIG, state), host: peer(host) };
}

const FAILURES = [{ model: "big", reason: "llama-server: no" }];
const TOLD = { targets: [{ model: "big", why: "told" }] } as const;
const LENDING = { claims: ["big"], targets: [{ model: "big", why: "memory" }] } as const;
const CLAIMED = { claims: ["big"], targets: [{ model: "big", why: null }] };

for (
  const { what, wanted = ["big"], nodes, instances = [], expected } of [
    {
      what: "a model that loads",
      nodes: [node("a", TOLD)],
      instances: [at("a", "loading")],
      expected: "coming",
    },
    { what: "a group that elects its host", nodes: [node("a", TOLD)], expected: "coming" },
    { what: "a claim", nodes: [node("a", CLAIMED)], expected: "coming" },
    {
      what: "a host that fails",
      nodes: [node("a", { ...TOLD, failures: FAILURES })],
      instances: [at("a", "loading")],
      expected: { kind: "failed", model: "big", reason: "on a: llama-server: no" },
    },
    {
      what: "a host that fails, and another that loads",
      nodes: [node("a", { ...TOLD, failures: FAILURES }), node("b", TOLD)],
      instances: [at("a", "loading"), at("b", "loading")],
      expected: "coming",
    },
    {
      what: "a host that fails, and another that has claimed its model",
      nodes: [
        node("a", { ...TOLD, failures: FAILURES }),
        node("b", CLAIMED),
      ],
      instances: [at("a", "loading")],
      expected: "coming",
    },
    {
      what: "a node that has given it up",
      nodes: [node("a", { failures: FAILURES })],
      expected: { kind: "failed", model: "big", reason: "on a: llama-server: no" },
    },
    {
      what: "a host of a split whose worker fails",
      nodes: [node("a", TOLD), node("b", { ...TOLD, failures: FAILURES })],
      instances: [],
      expected: { kind: "failed", model: "big", reason: "on b: llama-server: no" },
    },
    {
      what: "a model that waits for memory",
      nodes: [node("a", TOLD)],
      instances: [at("a", "waiting")],
      expected: { kind: "waiting", model: "big", needBytes: 100, haveBytes: 60 },
    },
    {
      what: "a model that waits for memory although another lends it some",
      nodes: [node("a", TOLD), node("b", LENDING)],
      instances: [at("a", "waiting")],
      expected: { kind: "waiting", model: "big", needBytes: 100, haveBytes: 60 },
    },
    {
      what: "a model that is downloaded first",
      nodes: [node("a", { claims: ["big"] })],
      expected: { kind: "downloading", model: "big", by: "a" },
    },
    {
      what: "a dropped model",
      wanted: [],
      nodes: [node("a", { dropped: ["big"] }), node("b")],
      expected: { kind: "dropped", model: "big", by: ["a"] },
    },
    {
      what: "a dropped model that is wanted and that another could serve",
      nodes: [node("a", { dropped: ["big"] }), node("b", { holds: ["big"] })],
      expected: { kind: "unclaimed", model: "big" },
    },
    {
      what: "a dropped model that is wanted and that nobody else has",
      nodes: [node("a", { dropped: ["big"], holds: ["big"] }), node("b")],
      expected: { kind: "dropped", model: "big", by: ["a"] },
    },
    {
      what: "a model that waits for its turn, though it is announced as one that loads",
      nodes: [node("a", { ...TOLD, turns: ["big"] }), node("b")],
      instances: [at("a", "loading")],
      expected: { kind: "turn", model: "big", by: ["a"] },
    },
    { what: "a wanted model", nodes: [node("a")], expected: { kind: "unclaimed", model: "big" } },
    {
      what: "a warm model whose other host fails",
      nodes: [node("a", TOLD), node("b", { ...TOLD, failures: FAILURES })],
      instances: [at("a", "warm"), at("b", "loading")],
      expected: "coming",
    },
  ] as const
) {
  Deno.test(`prospectsOf() of ${what}`, () => {
    const table: RoutingTable = {
      version: "",
      wanted,
      lost: [],
      namesakes: [],
      nodes,
      instances,
      partial: false,
    };
    const { coming, obstacles } = prospectsOf(table);
    const found = coming.length > 0 ? "coming" : obstacles[0];
    assert.deepEqual(found, expected);
    assert.ok(coming.length + obstacles.length <= 1);
  });
}

Deno.test("prospectsOf() tells what stands in the way of each model of a name", () => {
  const other = { ...BIG, fingerprint: "0a".repeat(32) };
  const ids = ["big@ffffffff", "big@0a0a0a0a"] as const;
  const table = {
    instances: [
      { ...instance(BIG, "warm"), host: peer("a") },
      { ...instance(other, "waiting"), host: peer("b") },
    ],
    wanted: ["big@ffffffff", "big@0a0a0a0a"],
    lost: [],
    nodes: [node("b", { failures: [{ model: ids[1], reason: "no" }] })],
    namesakes: [],
    partial: false,
  };
  const { coming, obstacles } = prospectsOf(table as unknown as RoutingTable);
  assert.deepEqual(coming, [ids[0]]);
  assert.deepEqual(obstacles, [{ kind: "failed", model: ids[1], reason: "on b: no" }]);
});

Deno.test("requestLoadElsewhere() waits for a model that is wanted or there, and for none that has failed", async () => {
  const rows = [
    { what: "it is wanted", wanted: ["big"], expected: true },
    { what: "nobody wants it", wanted: [], expected: false },
    { what: "it was loaded meanwhile", wanted: [], instances: [at("a", "warm")], expected: true },
    {
      what: "it failed, and is announced as one that loads",
      wanted: [],
      nodes: [node("a", { ...TOLD, failures: FAILURES })],
      instances: [at("a", "loading")],
      expected: false,
    },
  ] as const;
  for (const { what, expected, ...row } of rows) {
    const table: RoutingTable = { ...EMPTY_TABLE, nodes: [node("a")], ...row };
    const mesh = { refreshRoutes: () => Promise.resolve(table) };
    const never = new AbortController().signal;
    assert.equal(await requestLoadElsewhere(mesh, "BIG", { signal: never }), expected, what);
  }
});
