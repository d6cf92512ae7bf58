import assert from "node:assert/strict";
import type { PeerWay, RouteInstance } from "../../../src/mesh/mod.ts";
import { type StatusInput, statusOf } from "../../../src/node/report/node_status.ts";
import { machine } from "../../mesh/content.ts";
import { BIG, peer, SMALL } from "../members.ts";
import { routeNode } from "./route_node.ts";

function route(host: string, overrides: Partial<RouteInstance> = {}): RouteInstance {
  return {
    host: peer(host),
    model: BIG,
    sizeBytes: 90,
    contextLength: 4_096,
    mode: "solo",
    state: "warm",
    term: 1,
    hostShare: 1,
    workers: [],
    needBytes: 100,
    haveBytes: 100,
    ...overrides,
  };
}

const node = (name: string, memoryBytes = 10) => routeNode(name, { memoryBytes });

function input(overrides: Partial<StatusInput["routes"]>, more: Partial<StatusInput> = {}) {
  const routes = {
    version: "v",
    instances: [],
    wanted: [],
    lost: [],
    namesakes: [],
    nodes: [],
    partial: false,
    ...overrides,
  };
  return {
    commands: { start: "./mesh-llm", run: "./mesh-llm" },
    node: {
      ...machine({ name: "self" }),
      engine: null,
      id: "self",
      role: "host",
      passive: false,
      model: null,
      vramBytes: 5,
      addresses: [],
      tokensPerSecond: 0,
      clientsConnected: 0,
    },
    meshId: "mesh",
    token: null,
    routes,
    rttMs: (id) => id === "a" ? 4.0700220000071567 : undefined,
    streamWay: (id) => id === "a" ? "tcp" : undefined,
    tunnels: [],
    onDisk: [],
    works: [],
    ...more,
  } satisfies StatusInput;
}

Deno.test("statusOf() leaves this node out of its peers and counts everyone's memory", () => {
  const status = statusOf(input({ nodes: [node("self", 99), node("a"), node("b")] }));
  assert.deepEqual(status.peers.map(({ id, rttMs, bulk }) => ({ id, rttMs, bulk })), [
    { id: "a", rttMs: 4.07, bulk: "tcp" },
    { id: "b", rttMs: null, bulk: undefined },
  ]);
  assert.equal(status.mesh.vramBytes, 25);
});

Deno.test("statusOf() shows a model in the best state of its instances, the best first", () => {
  const instances = [
    route("a", { state: "loading" }),
    route("b"),
    route("c", { model: SMALL, state: "waiting", mode: "split", haveBytes: 60 }),
  ];
  const { models } = statusOf(input({ instances }));
  assert.deepEqual(models.map(({ name, state, hosts }) => ({ name, state, hosts })), [
    { name: "big", state: "warm", hosts: ["b", "a"] },
    { name: "small", state: "waiting", hosts: ["c"] },
  ]);
  assert.deepEqual(
    models[1]?.instances.map(({ needBytes, haveBytes }) => ({ needBytes, haveBytes })),
    [{ needBytes: 100, haveBytes: 60 }],
  );
  assert.equal(models[0]?.instances[0]?.needBytes, undefined);
});

Deno.test("statusOf() lists what is on this disk or wanted, and served by nobody, as cold", () => {
  const { models } = statusOf(
    input({ wanted: ["wanted"] }, { onDisk: [{ name: "file", fingerprint: "f", sizeBytes: 7 }] }),
  );
  assert.deepEqual(
    models.map(({ name, state, sizeBytes, onDisk }) => ({ name, state, sizeBytes, onDisk })),
    [
      { name: "file", state: "cold", sizeBytes: 7, onDisk: true },
      { name: "wanted", state: "cold", sizeBytes: 0, onDisk: false },
    ],
  );
});

Deno.test("statusOf() tells the reason, the progress and the notes of each instance of this node, and of no other", () => {
  const instances = [
    route("self", { state: "loading" }),
    route("self", { model: SMALL, state: "loading" }),
    route("a", { state: "loading" }),
  ];
  const works = [
    { model: BIG, why: "--model", isLoading: true, progress: 0.5, notes: ["no draft"] },
    { model: SMALL, why: "hot", isLoading: true, progress: 0, notes: [] },
  ];
  const shown = statusOf(input({ instances }, { works })).models.flatMap(({ name, instances }) =>
    instances.map(({ host, why, progress, notes }) => [name, host, why, progress, notes])
  );
  assert.deepEqual(shown, [
    ["big", "self", "--model", 0.5, ["no draft"]],
    ["big", "a", null, undefined, undefined],
    ["small", "self", "hot", 0, undefined],
  ]);
});

Deno.test("statusOf() shows a model that waits its turn on the machine that will load it", () => {
  const of = (instances: readonly RouteInstance[], turns: readonly string[]) => {
    const nodes = [{ ...node("a"), turns }, { ...node("b"), dropped: ["big"] }];
    const [model] = statusOf(input({ nodes, instances, wanted: ["big"], namesakes: [BIG] })).models;
    return [
      model?.state,
      model?.reason,
      ...model?.instances.map(({ host, state }) => `${host} ${state}`) ?? [],
    ];
  };
  assert.deepEqual(of([], ["big"]), ["turn", null, "a turn"]);
  assert.deepEqual(of([route("a", { state: "loading" })], ["big"]), ["turn", null, "a turn"]);
  assert.deepEqual(of([route("b", { state: "loading" })], ["big"]), [
    "loading",
    null,
    "b loading",
    "a turn",
  ]);
  assert.deepEqual(of([route("b")], ["big"]), ["warm", null, "b warm", "a turn"]);
  assert.deepEqual(of([], ["other"]), ["cold", "b: dropped by its user"]);
});

Deno.test("statusOf() says which instance fails and why, also of a machine that has given the model up", () => {
  const failures = [{ model: "big", reason: "llama-server: no" }];
  const nodes = [
    { ...node("a"), targets: [{ model: "big", why: "told" }], failures } as const,
    { ...node("b"), targets: [{ model: "big", why: "hot" }] } as const,
  ];
  const instances = [route("a", { state: "loading" })];
  const [failed] = statusOf(input({ nodes, instances })).models;
  assert.equal(failed?.state, "failed");
  assert.equal(failed?.reason, "a: llama-server: no");
  assert.equal(failed?.instances[0]?.state, "failed");
  assert.equal(failed?.instances[0]?.reason, "llama-server: no");
  assert.equal(failed?.instances[0]?.why, "its user wants it");
  const [warm] = statusOf(input({ nodes, instances: [...instances, route("b")] })).models;
  assert.equal(warm?.state, "warm");
  assert.equal(warm?.reason, null);
  assert.match(warm?.instances[0]?.why ?? "", /asked for more than/);
  const [givenUp] = statusOf(input({ nodes, wanted: ["big"] })).models;
  assert.equal(givenUp?.state, "failed");
});

Deno.test("statusOf() says whose user has dropped a model that nobody serves", () => {
  const nodes = [{ ...node("a"), dropped: ["file"] }];
  const onDisk = [{ name: "file", fingerprint: "f", sizeBytes: 7 }];
  const [model] = statusOf(input({ nodes }, { onDisk })).models;
  assert.equal(model?.state, "cold");
  assert.equal(model?.reason, "a: dropped by its user");
});

// Both were one model with the size of either.
Deno.test("statusOf() shows models of one name apart, with what stands in the way of each", () => {
  const [a, b] = ["aa", "bb"].map((digits) => ({ name: "big", fingerprint: digits.repeat(32) }));
  assert.ok(a !== undefined && b !== undefined);
  const instances = [route("self", { model: a }), route("a", { model: b, state: "loading" })];
  const failures = [{ model: "big@bbbbbbbb", reason: "no" }];
  const routes = {
    instances,
    nodes: [node("self"), { ...node("a"), failures }],
    wanted: ["big@aaaaaaaa"],
  };
  const own = input(routes, { onDisk: [{ ...a, sizeBytes: 7 }] });
  const status = statusOf({ ...own, node: { ...own.node, model: "big" } });
  assert.deepEqual(
    status.models.map((
      { id, name, state, hosts, onDisk, reason },
    ) => [id, name, state, hosts, onDisk, reason]),
    [
      ["big@aaaaaaaa", "big", "warm", ["self"], true, null],
      ["big@bbbbbbbb", "big", "failed", ["a"], false, "a: no"],
    ],
  );
  assert.equal(status.node.model, "big@aaaaaaaa");
});

Deno.test("statusOf() names what a peer serves and what it is to serve by one id, also where a name is not enough here", () => {
  const nodes = [{ ...node("a"), targets: [{ model: "big", why: null }] } as const];
  const onDisk = [{ name: "big", fingerprint: "0".repeat(64), sizeBytes: 7 }];
  const [peer] = statusOf(input({ nodes, instances: [route("a")] }, { onDisk })).peers;
  const id = "big@ffffffff";
  assert.deepEqual(peer?.serving.map(({ model }) => model), [id]);
  assert.deepEqual([peer?.model, peer?.models], [id, [id]]);
});

Deno.test("statusOf() says how peers are reached, and of relayed ones what would make it better", () => {
  const by = peer("relay");
  const ways: Record<string, PeerWay> = {
    a: { kind: "lan" },
    b: { kind: "relayed", by, hindrance: { kind: "new ports", port: 47_002 } },
    c: { kind: "relayed", by, hindrance: { kind: "mapped", port: 47_002 } },
    d: { kind: "relayed", by, hindrance: { kind: "unknown", port: null } },
  };
  const nodes = ["a", "b", "c", "d", "e"].map((name) => node(name));
  const relays = [{ peer: by, name: "vps", addresses: [], connected: true }];
  const { peers, relays: shown } = statusOf(
    input({ nodes }, { wayTo: (id) => ways[id], relays }),
  );
  assert.deepEqual(shown, [{ id: by, name: "vps", addresses: [], connected: true }]);
  const [a, b, c, d, e] = peers.map(({ reached }) => reached);
  assert.deepEqual(a, { kind: "lan" });
  assert.equal(e, undefined);
  const advice = [b, c, d].map((one) => {
    assert.ok(one?.kind === "relayed" && one.by === by);
    return one.advice;
  });
  assert.match(
    advice[0]!,
    /this network's router gives each peer a new port.*UPnP.*UDP port 47002/,
  );
  assert.match(advice[1]!, /router leads a port to this machine.*firewalls/);
  assert.match(advice[2]!, /UPnP or NAT-PMP/);
  assert.doesNotMatch(advice[2]!, /UDP port|null/);
});
