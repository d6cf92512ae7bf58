import assert from "node:assert/strict";
import { announcementSchema, announcementToWire } from "../../src/mesh/gossip/announcement_wire.ts";
import type { Announcement, PeerId, RoutingTable } from "../../src/mesh/mod.ts";
import { buildRoutingTable } from "../../src/mesh/routes/routing_table.ts";
import { tableSchema, tableToWire } from "../../src/mesh/routes/table_wire.ts";
import { content, machine } from "./content.ts";
import { earlierAnnouncement, earlierTable } from "./earlier_version.ts";

const PEER = "12D3KooWEd9Szdb5cwDDPu1QXWooX3Dopk8GgC8wz1FXLHLd2TGH" as PeerId;
const ENGINE = { build: "11669", rpcProtocol: "8.0.0", origin: null };
const MODEL = { name: "sick", fingerprint: "f".repeat(64) };

function announcement(changes: Partial<Announcement> = {}): Announcement {
  return {
    ...content(),
    peer: PEER,
    incarnation: 1,
    seq: 1,
    addresses: [],
    rttsMs: {},
    ...changes,
  };
}

function toldNodes(table: RoutingTable): readonly object[] {
  return (tableToWire(table) as { readonly nodes: readonly object[] }).nodes;
}

/** As a node of an earlier version says it. */
function without(value: object, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

Deno.test("an announcement of an earlier version says nothing of failures and drops", () => {
  const told = without(announcementToWire(announcement()), "failures", "dropped", "engine");
  const parsed = announcementSchema.parse(told);
  assert.equal(parsed.machine.engine, null);
  assert.deepEqual([parsed.failures, parsed.dropped], [[], []]);
});

Deno.test("a table of an earlier version says nothing of why, of failures, drops and what is held", () => {
  const table = buildRoutingTable([announcement({ machine: machine({ engine: ENGINE }) })]);
  const nodes = toldNodes(table).map((node) =>
    without(node, "why", "failures", "dropped", "holds", "engine")
  );
  const [node] = tableSchema.parse({ ...without(table, "lost", "partial"), nodes }).nodes;
  assert.deepEqual([node?.why, node?.failures, node?.dropped, node?.holds], [null, [], [], null]);
  assert.deepEqual(node?.machine.engine, { ...ENGINE, build: "unknown" });
});

Deno.test("a reason that a later version knows is none, and one with escapes is a plain line", () => {
  const failures = [{
    model: "sick",
    reason: "llama-server:\x1b[31m no\n\tway\u202e " + "x".repeat(9_999),
  }];
  const member = announcement({ target: MODEL, assignable: false, wanted: ["sick"], failures });
  const [reason] = announcementSchema.parse(announcementToWire(member)).failures.map((failure) =>
    failure.reason
  );
  assert.match(reason ?? "", /^llama-server:\[31m no way x+$/);
  assert.equal(reason?.length, 400);
  const table = buildRoutingTable([member]);
  assert.equal(table.nodes[0]?.why, "told");
  const nodes = toldNodes(table).map((node) => ({ ...node, why: "whim" }));
  assert.equal(tableSchema.parse({ ...table, nodes }).nodes[0]?.why, null);
});

Deno.test("a node of an earlier version reads the machine in what this one says", () => {
  const device = { name: "GPU", totalBytes: 3, offeredBytes: 2, usedBytes: 1 };
  for (const engine of [ENGINE, null]) {
    const own = machine({ name: "new", version: "0.2.0", devices: [device], engine });
    const member = announcement({ machine: own });
    const read = earlierAnnouncement.parse(announcementToWire(member));
    assert.deepEqual([read.name, read.version], ["new", "0.2.0"]);
    assert.deepEqual([read.devices, read.engine], [[device], engine && without(engine, "origin")]);
    const [node] = earlierTable.parse(tableToWire(buildRoutingTable([member]))).nodes;
    assert.deepEqual([node?.name, node?.version, node?.devices], ["new", "0.2.0", [device]]);
    assert.equal(node?.rpcProtocol, engine?.rpcProtocol);
  }
});
