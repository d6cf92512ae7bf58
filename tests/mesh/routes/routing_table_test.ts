import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { MAX_TABLE_WANTED } from "../../../src/mesh/base/message_defaults.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import { answerRoutes, askRoutes } from "../../../src/mesh/routes/routes.ts";
import { buildRoutingTable, EMPTY_TABLE } from "../../../src/mesh/routes/routing_table.ts";
import type { Announcement } from "../../../src/mesh/base/announcement.ts";
import type { DeviceMemory } from "../../../src/mesh/base/machine.ts";
import { streamPair } from "../../node/memory_streams.ts";
import { content, machine } from "../content.ts";

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
  const host = member(A, {
    role: "host",
    targets: [MODEL],
    instances: [INSTANCE],
    wanted: ["z", "a"],
  });
  const table = buildRoutingTable([
    member(B, { wanted: ["a"], machine: machine({ name: "worker" }) }),
    host,
  ]);
  assert.deepEqual(table.instances, [{ ...INSTANCE, host: A }]);
  assert.deepEqual(table.wanted, ["a", "z"]);
  assert.deepEqual(table.nodes.map(({ peer, targets }) => [peer, targets]), [
    [A, [{ model: "qwen", why: null }]],
    [B, []],
  ]);
});

Deno.test("the table tells what a user has pinned from what a node has taken beside it", () => {
  const taken = { ...MODEL, name: "taken" };
  const others = [{ model: "taken", reason: "unserved" }] as const;
  const whys = (assignable: boolean) =>
    buildRoutingTable([member(A, { assignable, targets: [MODEL, taken], claims: others })])
      .nodes[0]?.targets.map(({ why }) => why);
  assert.deepEqual(whys(false), ["told", "unserved"]);
  assert.deepEqual(whys(true), [null, "unserved"]);
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
    [member(A), member(B, { instances: [INSTANCE] })],
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

Deno.test("a table that is too large keeps who made it, what serves models, and who takes little room", async () => {
  const peer = (i: number) => peerIdOf(new Uint8Array(32).fill(i & 255).fill(i >> 8, 0, 1));
  const device: DeviceMemory = {
    name: "x".repeat(32),
    kind: "discrete",
    totalBytes: 2 ** 50,
    offeredBytes: 2 ** 50,
    usedBytes: 0,
  };
  const fat = { machine: machine({ devices: Array<DeviceMemory>(64).fill(device) }) };
  const loud = Array.from({ length: 1_200 }, (_, i) =>
    member(peer(i), {
      ...fat,
      wanted: Array.from({ length: 200 }, (_, j) => `${i}-${j}-`.padEnd(120, "w")),
    }));
  const host = member(peer(2_000), { instances: [INSTANCE] });
  const idle = member(peer(2_001), { wanted: ["needed"] });
  const [self, linked] = [peer(7), peer(8)];
  const table = buildRoutingTable([...loud, host, idle], {
    self,
    isConnected: (p) => p === linked,
  });
  const listed = new Set(table.nodes.map(({ peer }) => peer));
  for (const one of [self, linked, host.peer, idle.peer]) assert.ok(listed.has(one));
  assert.deepEqual(table.instances.map((instance) => instance.host), [host.peer]);
  assert.ok(table.wanted.includes("needed"));
  assert.ok(table.nodes.length > 200);
  // The way in which a client reads it.
  const [near, far] = streamPair();
  const told = () => Promise.resolve(table);
  const source = { table: told, next: told, asked: () => {} };
  const [asked] = await Promise.all([askRoutes(near, EMPTY_TABLE), answerRoutes(far, source)]);
  // deepEqual() would show the difference of two tables of 4 MB, for which no memory is large enough.
  assert.ok(isDeepStrictEqual(asked, table));
});

Deno.test("the table names models of one name by their ids, and says which they are", () => {
  const other = { name: "qwen", fingerprint: "1f".repeat(32) };
  const file = { ...other, sizeBytes: 1, needBytes: 1 };
  const members = [
    member(A, { targets: [MODEL], instances: [INSTANCE], wanted: ["qwen"], assignable: false }),
    member(B, { models: [file], memoryBytes: 5, wanted: ["qwen"], dropped: ["qwen"] }),
  ];
  const table = buildRoutingTable(members);
  const ids = ["qwen@0f0f0f0f", "qwen@1f1f1f1f"];
  assert.deepEqual(table.namesakes, [MODEL, other]);
  assert.deepEqual(table.wanted, ids);
  assert.deepEqual(table.instances[0]?.model, MODEL);
  assert.deepEqual(table.nodes.map(({ targets }) => targets), [
    [{ model: ids[0], why: "told" }],
    [],
  ]);
  assert.deepEqual(table.nodes.map(({ holds, dropped }) => [holds, dropped]), [
    [[], []],
    [[ids[1]], [ids[1]]],
  ]);
  const lost = buildRoutingTable(members.slice(1), { lost: members.slice(0, 1) });
  assert.deepEqual([lost.lost, lost.wanted], [[ids[0]], [ids[1]]]);
  const alone = buildRoutingTable(members.slice(0, 1));
  assert.deepEqual([alone.namesakes, alone.wanted], [[], ["qwen"]]);
});

Deno.test("the table lists a model that machines hold only together, by the rules of a split", () => {
  const engine = { build: "1", rpcProtocol: "8", origin: null };
  const able = machine({ engine });
  const file = { ...MODEL, sizeBytes: 5, needBytes: 100 };
  const host = member(A, { machine: able, memoryBytes: 60, models: [file] });
  const helper = member(B, { machine: able, memoryBytes: 60 });
  const other = { ...engine, rpcProtocol: "7" };
  const rows: [string, readonly Announcement[], boolean | null][] = [
    ["together", [host, helper], true],
    ["alone", [host], null],
    ["too small", [host, { ...helper, memoryBytes: 39 }], null],
    ["far", [{ ...host, rttsMs: { [B]: 81 } }, helper], null],
    ["another protocol", [host, { ...helper, machine: machine({ engine: other }) }], null],
    ["without llama.cpp", [host, { ...helper, machine: machine() }], null],
    ["one has dropped it", [host, { ...helper, dropped: ["qwen"] }], null],
    ["no request loads on one", [host, {
      ...helper,
      machine: machine({ engine, loadsOnRequest: false }),
    }], false],
  ];
  for (const [row, members, expected] of rows) {
    const { files = [] } = buildRoutingTable(members);
    assert.deepEqual(files.map(({ onRequest }) => onRequest), [expected ?? []].flat(), row);
  }
});
