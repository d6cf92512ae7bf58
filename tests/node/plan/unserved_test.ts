import assert from "node:assert/strict";
import type { PeerId, RouteInstance, RoutingTable } from "../../../src/mesh/mod.ts";
import { EMPTY_TABLE } from "../../../src/mesh/routes/routing_table.ts";
import { prospectsOf } from "../../../src/node/plan/prospects.ts";
import { idsOf } from "../../../src/node/plan/table_ids.ts";
import { unservedOf } from "../../../src/node/plan/unserved.ts";
import { instance } from "../members.ts";
import { routeNode } from "../report/route_node.ts";

const FINGERPRINT = "a".repeat(64);

function file(name: string, onRequest = true) {
  return { name, fingerprint: FINGERPRINT, sizeBytes: 7, onRequest };
}

function running(name: string, state: RouteInstance["state"]): RouteInstance {
  return { ...instance({ name, fingerprint: FINGERPRINT }, state), host: "a" as PeerId };
}

function statesIn(changes: Partial<RoutingTable>): string[] {
  const table: RoutingTable = { ...EMPTY_TABLE, ...changes };
  const ids = idsOf(table);
  return unservedOf(table, prospectsOf(table, ids), ids).map(({ id, state }) => `${id} ${state}`);
}

Deno.test("unservedOf() lists what a request brings an answer of, what is nearest to one first", () => {
  assert.deepEqual(
    statesIn({
      instances: [running("warm", "warm"), running("z", "loading"), running("w", "waiting")],
      files: [file("a"), file("b"), file("warm"), file("z"), file("off", false)],
    }),
    ["z loading", "w waiting", "a cold", "b cold"],
  );
});

Deno.test("unservedOf() tells a model that waits its turn from one that loads and one that lacks memory", () => {
  const taking = routeNode("a", { turns: ["b", "gone"] });
  const instances = [running("z", "loading"), running("w", "waiting")];
  const files = ["a", "b", "w", "z"].map((name) => file(name));
  assert.deepEqual(statesIn({ nodes: [taking], instances, files }), [
    "z loading",
    "b turn",
    "gone turn",
    "w waiting",
    "a cold",
  ]);
});

Deno.test("unservedOf() tells two models of one name apart", () => {
  const other = { ...file("a"), fingerprint: "b".repeat(64) };
  assert.deepEqual(statesIn({ files: [file("a"), other] }), [
    "a@aaaaaaaa cold",
    "a@bbbbbbbb cold",
  ]);
});

Deno.test("unservedOf() knows of no files where an earlier version has made the table", () => {
  assert.deepEqual(statesIn({ wanted: ["a"] }), []);
});
