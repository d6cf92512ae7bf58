import assert from "node:assert/strict";
import type { RouteInstance, RoutingTable } from "../../../src/mesh/mod.ts";
import { type Need, needsOf } from "../../../src/node/standby/needs.ts";
import type { Member } from "../../../src/node/plan/view.ts";
import { BIG, instance, member, type MemberOptions, peer, SMALL } from "../members.ts";
import { routeNode, type RouteNodeChanges } from "../report/route_node.ts";

const node = (name: string, changes: RouteNodeChanges = {}) =>
  routeNode(name, { role: "host", memoryBytes: 10, ...changes });

const at = (host: string, state: RouteInstance["state"], model = BIG): RouteInstance => ({
  ...instance(model, state),
  host: peer(host),
});

function table(parts: Partial<RoutingTable> = {}): RoutingTable {
  return {
    version: "v",
    instances: [],
    wanted: [],
    lost: [],
    namesakes: [],
    nodes: [node("a"), node("b")],
    partial: false,
    ...parts,
  };
}

const CATALOG = [{ name: "listed", sizeBytes: 5, needBytes: 10 }];
const self = (memoryBytes: number, options: MemberOptions = {}): Member =>
  member("self", memoryBytes, options);

interface Row {
  readonly name: string;
  readonly self: Member;
  readonly table: RoutingTable;
  readonly needs: readonly Need[];
}

const small = (way: Need["way"]): Need[] => [{ model: "small", way }];
const big = (way: Need["way"]): Need[] => [{ model: "big", way }];
const holdsSmall = self(10, { holds: [SMALL] });
const wantsSmall = table({ wanted: ["small"] });

const ROWS: readonly Row[] = [
  { name: "nothing is wanted", self: holdsSmall, table: table(), needs: [] },
  {
    name: "wanted, unserved, on its disk",
    self: holdsSmall,
    table: wantsSmall,
    needs: small("disk"),
  },
  {
    name: "it has dropped it",
    self: self(10, { holds: [SMALL], refuses: ["small"] }),
    table: wantsSmall,
    needs: [],
  },
  { name: "it does not fit", self: self(9, { holds: [SMALL] }), table: wantsSmall, needs: [] },
  {
    name: "it fits with an idle node's memory",
    self: self(9, { holds: [SMALL] }),
    table: { ...wantsSmall, nodes: [node("a", { role: "standby" })] },
    needs: small("disk"),
  },
  {
    name: "somebody loads it",
    self: holdsSmall,
    table: { ...wantsSmall, instances: [at("a", "loading", SMALL)] },
    needs: [],
  },
  {
    name: "somebody has claimed it and may be downloading it",
    self: holdsSmall,
    table: { ...wantsSmall, nodes: [node("a", { claims: ["small"] })] },
    needs: [],
  },
  {
    name: "somebody was told it",
    self: holdsSmall,
    table: { ...wantsSmall, nodes: [node("a", { targets: [{ model: "small", why: null }] })] },
    needs: [],
  },
  {
    name: "of the catalog, and there is room for it",
    self: self(10, { downloadBytes: 5 }),
    table: table({ wanted: ["listed"] }),
    needs: [{ model: "listed", way: "download" }],
  },
  {
    name: "of the catalog, and the disk is full",
    self: self(10, { downloadBytes: 4 }),
    table: table({ wanted: ["listed"] }),
    needs: [],
  },
  {
    name: "waits for memory, and this node has some",
    self: self(10),
    table: table({ instances: [at("a", "waiting")] }),
    needs: big("memory"),
  },
  {
    name: "waits for memory, and this node can run it alone",
    self: self(100, { holds: [BIG] }),
    table: table({ instances: [at("a", "waiting")] }),
    needs: big("disk"),
  },
  {
    name: "waits for more memory than many such nodes have",
    self: self(2),
    table: table({ instances: [at("a", "waiting")] }),
    needs: [],
  },
  {
    name: "waits at one machine and is served by another",
    self: self(10),
    table: table({ instances: [at("a", "waiting"), at("b", "warm")] }),
    needs: [],
  },
  {
    name: "hardly anybody is active",
    self: self(10),
    table: table({ nodes: [node("a"), node("self")] }),
    needs: [{ model: null, way: "company" }],
  },
];

Deno.test("needsOf() finds in a routing table what a standby could do", () => {
  for (const row of ROWS) {
    const needs = needsOf(row.self, row.table, { catalog: CATALOG, fewActive: fewOf(row) });
    assert.deepEqual(needs, row.needs, row.name);
  }
});

/** Only the last row is about the size of the mesh. */
function fewOf({ needs }: Row): number {
  return needs.some(({ way }) => way === "company") ? 2 : 0;
}
