import assert from "node:assert/strict";
import { MAX_TABLE_WANTED } from "../../src/mesh/defaults.ts";
import { peerIdOf } from "../../src/mesh/keys.ts";
import { buildRoutingTable, EMPTY_TABLE } from "../../src/mesh/routing_table.ts";
import type { Announcement } from "../../src/mesh/types.ts";
import { content } from "./content.ts";

const [A, B] = [1, 2].map((i) => peerIdOf(new Uint8Array(32).fill(i))).sort() as [
  Announcement["peer"],
  Announcement["peer"],
];
const MODEL = { name: "qwen", fingerprint: "0f".repeat(32) };
const INSTANCE = {
  model: MODEL,
  sizeBytes: 1,
  contextLength: 4_096,
  mode: "split",
  state: "warm",
  term: 2,
  hostShare: 0.5,
  workers: [{ peer: B, share: 0.5 }],
  needBytes: 2,
  haveBytes: 3,
} as const;

function member(peer: Announcement["peer"], changes: Partial<Announcement> = {}): Announcement {
  return { ...content(), peer, addresses: [], rttsMs: {}, incarnation: 1, seq: 1, ...changes };
}

Deno.test("the table holds every member's instance and what is wanted, sorted", () => {
  const host = member(A, { role: "host", target: MODEL, instance: INSTANCE, wanted: ["z", "a"] });
  const table = buildRoutingTable([member(B, { wanted: ["a"], name: "worker" }), host]);
  assert.deepEqual(table.instances, [{ ...INSTANCE, host: A }]);
  assert.deepEqual(table.wanted, ["a", "z"]);
  assert.deepEqual(table.nodes.map(({ peer, model }) => [peer, model]), [[A, "qwen"], [B, null]]);
});

Deno.test("the version changes exactly when what a client sees does", () => {
  const base = buildRoutingTable([member(A), member(B)]).version;
  const same = [
    [member(B), member(A)],
    [member(A, { seq: 9, incarnation: 7 }), member(B, { rttsMs: { [A]: 4 } })],
  ];
  const different = [
    [member(A)],
    [member(A), member(B, { wanted: ["qwen"] })],
    [member(A), member(B, { instance: INSTANCE })],
    [member(A), member(B, { addresses: ["/ip4/10.0.0.1/udp/1/quic-v1/p2p/x"] })],
  ];
  for (const members of same) assert.equal(buildRoutingTable(members).version, base);
  for (const members of different) assert.notEqual(buildRoutingTable(members).version, base);
  assert.notEqual(EMPTY_TABLE.version, base);
});

Deno.test("members that want too much do not make the table larger than a client takes", () => {
  const members = Array.from(
    { length: 60 },
    (_, i) =>
      member(peerIdOf(new Uint8Array(32).fill(i)), {
        wanted: Array.from({ length: 200 }, (_, j) => `model-${i}-${j}`),
      }),
  );
  const { wanted, nodes } = buildRoutingTable(members);
  assert.equal(wanted.length, MAX_TABLE_WANTED);
  assert.equal(nodes.length, 60);
});
