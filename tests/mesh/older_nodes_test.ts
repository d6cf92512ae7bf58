import assert from "node:assert/strict";
import { announcementSchema } from "../../src/mesh/gossip/announcement.ts";
import type { Announcement, PeerId } from "../../src/mesh/mod.ts";
import { buildRoutingTable } from "../../src/mesh/routes/routing_table.ts";
import { tableSchema } from "../../src/mesh/routes/routes.ts";
import { content } from "./content.ts";

const PEER = "12D3KooWEd9Szdb5cwDDPu1QXWooX3Dopk8GgC8wz1FXLHLd2TGH" as PeerId;
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

/** As a node of an earlier version says it. */
function without(value: object, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

Deno.test("an announcement of an earlier version says nothing of failures and drops", () => {
  const parsed = announcementSchema.parse(without(announcement(), "failures", "dropped"));
  assert.deepEqual([parsed.failures, parsed.dropped], [[], []]);
});

Deno.test("a table of an earlier version says nothing of why, of failures, drops and what is held", () => {
  const table = buildRoutingTable([announcement()]);
  const nodes = table.nodes.map((node) => without(node, "why", "failures", "dropped", "holds"));
  const [node] = tableSchema.parse({ ...without(table, "lost", "partial"), nodes }).nodes;
  assert.deepEqual([node?.why, node?.failures, node?.dropped, node?.holds], [null, [], [], null]);
});

Deno.test("a reason that a later version knows is none, and one with escapes is a plain line", () => {
  const failures = [{
    model: "sick",
    reason: "llama-server:\x1b[31m no\n\tway\u202e " + "x".repeat(9_999),
  }];
  const member = announcement({ target: MODEL, assignable: false, wanted: ["sick"], failures });
  const [reason] = announcementSchema.parse(member).failures.map((failure) => failure.reason);
  assert.match(reason ?? "", /^llama-server:\[31m no way x+$/);
  assert.equal(reason?.length, 400);
  const table = buildRoutingTable([member]);
  assert.equal(table.nodes[0]?.why, "told");
  const nodes = table.nodes.map((node) => ({ ...node, why: "whim" }));
  assert.equal(tableSchema.parse({ ...table, nodes }).nodes[0]?.why, null);
});
