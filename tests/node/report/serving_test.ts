import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  DeviceMemory,
  HeldMemory,
  ModelRef,
  RouteInstance,
  RouteNode,
} from "../../../src/mesh/mod.ts";
import { foremost, servingByNode } from "../../../src/node/report/serving.ts";
import { ModelIds } from "../../../src/base/model_ids.ts";
import { BIG, peer, SMALL } from "../members.ts";
import { routeNode, type RouteNodeChanges } from "./route_node.ts";

const EMBED: ModelRef = { name: "embed", fingerprint: "e" };

/** Each name is one model here. */
const IDS = new ModelIds([]);

interface Told {
  readonly of?: ModelRef;
  readonly state?: RouteInstance["state"];
  readonly needBytes?: number;
  /** Shares of the workers; the host has the rest. */
  readonly workers?: Readonly<Record<string, number>>;
}

function instance(
  host: string,
  { of = BIG, state = "warm", needBytes = 100, workers = {} }: Told = {},
): RouteInstance {
  const shares = Object.entries(workers).map(([name, share]) => ({ peer: peer(name), share }));
  return {
    host: peer(host),
    model: of,
    sizeBytes: 90,
    contextLength: 4_096,
    mode: shares.length === 0 ? "solo" : "split",
    state,
    term: 1,
    hostShare: shares.reduce((rest, { share }) => rest - share, 1),
    workers: shares,
    needBytes,
    haveBytes: needBytes,
  };
}

function device(
  name: string,
  offeredBytes: number,
  usedBytes = 0,
  kind: DeviceMemory["kind"] = name === "CPU" ? "cpu" : "discrete",
): DeviceMemory {
  return { name, kind, totalBytes: offeredBytes, offeredBytes, usedBytes };
}

function holding(model: ModelRef, bytes: Readonly<Record<string, number>>): HeldMemory {
  return { model, devices: Object.entries(bytes).map(([name, bytes]) => ({ name, bytes })) };
}

const node = (name: string, changes: RouteNodeChanges = {}): RouteNode =>
  routeNode(name, {
    targets: [{ model: "big", why: null }, { model: "small", why: null }],
    ...changes,
  });

/** Everything that the node runs, in short: `big host 100/CUDA0`. */
function shown(name: string, nodes: readonly RouteNode[], instances: readonly RouteInstance[]) {
  const serving = servingByNode({ nodes, instances }, IDS).get(peer(name)) ?? [];
  return serving.map(({ model, role, host, state, pinned, reservedBytes }) => {
    const bytes = Object.entries(reservedBytes).map(([name, bytes]) => `${bytes}/${name}`);
    const whose = role === "host" ? "host" : `worker of ${host}`;
    return [model, whose, state, ...(pinned ? ["pinned"] : []), ...bytes].join(" ");
  });
}

const CPU = device("CPU", 1_000);

/** Each shows node `a`. */
const TABLE: readonly {
  readonly says: string;
  readonly nodes: readonly RouteNode[];
  readonly instances: readonly RouteInstance[];
  readonly expected: readonly string[];
}[] = [
  { says: "nothing of a node that is free", nodes: [node("a")], instances: [], expected: [] },
  {
    says: "three models side by side, in the order in which the node names them",
    nodes: [node("a", {
      devices: [CPU],
      targets: [
        { model: "small", why: "told" },
        { model: "embed", why: "told" },
        { model: "big", why: "spare" },
      ],
    })],
    instances: [
      instance("a", { needBytes: 500 }),
      instance("a", { of: EMBED, needBytes: 20 }),
      instance("a", { of: SMALL, needBytes: 30 }),
    ],
    expected: [
      "small host warm pinned 30/CPU",
      "embed host warm pinned 20/CPU",
      "big host warm 500/CPU",
    ],
  },
  {
    says: "a worker of two hosts, beside a model of its own",
    nodes: [
      node("a", {
        devices: [CPU],
        targets: [
          { model: "embed", why: "told" },
          { model: "big", why: null },
          { model: "small", why: null },
        ],
      }),
      node("b"),
    ],
    instances: [
      instance("b", { workers: { a: 0.25 } }),
      instance("c", { of: SMALL, workers: { a: 0.5 } }),
      instance("a", { of: EMBED, needBytes: 7 }),
    ],
    expected: [
      "embed host warm pinned 7/CPU",
      "big worker of b warm 25/CPU",
      "small worker of c warm 50/CPU",
    ],
  },
  {
    says: "two hosts of one model that share a worker",
    nodes: [node("a", { devices: [CPU] }), node("b"), node("c")],
    instances: [
      instance("b", { workers: { a: 0.25 } }),
      instance("c", { workers: { a: 0.5 } }),
    ],
    expected: ["big worker of b warm 25/CPU", "big worker of c warm"],
  },
  {
    says: "the host's share alone of a split",
    nodes: [node("a", { devices: [CPU] }), node("b")],
    instances: [instance("a", { workers: { b: 0.25 } })],
    expected: ["big host warm 75/CPU"],
  },
  {
    says: "each model on one device, while one holds it",
    nodes: [node("a", {
      devices: [device("CUDA0", 100), device("CUDA1", 60), CPU],
    })],
    instances: [
      instance("a", { needBytes: 50 }),
      instance("a", { of: SMALL, needBytes: 70 }),
    ],
    expected: ["big host warm 50/CUDA1", "small host warm 70/CUDA0"],
  },
  {
    says: "what its node tells of each model, on whichever device",
    nodes: [node("a", {
      devices: [device("CUDA0", 100), CPU],
      reservations: [holding(BIG, { CUDA0: 33, CPU: 5 }), holding(SMALL, { CUDA0: 44 })],
    })],
    instances: [instance("a"), instance("a", { of: SMALL })],
    expected: ["big host warm 33/CUDA0 5/CPU", "small host warm 44/CUDA0"],
  },
  {
    says: "the plan of a model that its node does not hold yet, beside those that it holds",
    nodes: [node("a", {
      devices: [device("CUDA0", 100), CPU],
      reservations: [holding(SMALL, { CUDA0: 90 })],
    })],
    instances: [
      instance("a", { needBytes: 20, state: "loading" }),
      instance("a", { of: SMALL, needBytes: 80 }),
    ],
    expected: ["big host loading 10/CUDA0 10/CPU", "small host warm 90/CUDA0"],
  },
  {
    says: "memory once, where a node works for two hosts of one model",
    nodes: [node("a", { devices: [CPU], reservations: [holding(BIG, { CPU: 30 })] })],
    instances: [instance("b", { workers: { a: 0.5 } }), instance("c", { workers: { a: 0.5 } })],
    expected: ["big worker of b warm 30/CPU", "big worker of c warm"],
  },
  {
    says: "what the second model takes of what the first has left",
    nodes: [node("a", {
      devices: [device("CUDA0", 100), device("CUDA1", 100), CPU],
    })],
    instances: [
      instance("a", { needBytes: 160 }),
      instance("a", { of: SMALL, needBytes: 90 }),
    ],
    expected: [
      "big host warm 80/CUDA0 80/CUDA1",
      "small host warm 20/CUDA0 20/CUDA1 50/CPU",
    ],
  },
  {
    says: "what llama.cpp has told, where one model is alone",
    nodes: [node("a", { devices: [device("CUDA0", 100, 61), device("CPU", 1_000, 12)] })],
    instances: [instance("a", { needBytes: 70 }), instance("a", { of: SMALL, state: "waiting" })],
    expected: ["big host warm 61/CUDA0 12/CPU", "small host waiting"],
  },
  {
    says: "a model that waits for memory, and has none",
    nodes: [node("a", { devices: [CPU] })],
    instances: [instance("a", { state: "waiting", needBytes: 9e9 })],
    expected: ["big host waiting"],
  },
  {
    says: "a model that fails beside one that answers",
    nodes: [node("a", { failures: [{ model: "big", reason: "no" }] })],
    instances: [instance("a", { state: "loading" }), instance("a", { of: SMALL })],
    expected: ["big host failed", "small host warm"],
  },
  {
    says: "a worker's part as its host tells it",
    nodes: [
      node("a", { failures: [{ model: "big", reason: "no" }] }),
      node("b"),
    ],
    instances: [instance("b", { state: "loading", workers: { a: 0.5 } })],
    expected: ["big worker of b loading"],
  },
  {
    says: "no part in a split whose host alone says so",
    nodes: [node("a", { targets: [{ model: "small", why: null }] }), node("b")],
    instances: [instance("b", { workers: { a: 0.5 } })],
    expected: [],
  },
  {
    says: "a part in the instance of a host that the table does not list",
    nodes: [node("a")],
    instances: [instance("gone", { workers: { a: 0.5 } })],
    expected: ["big worker of gone warm"],
  },
  {
    says: "no bytes of a machine that lists no devices",
    nodes: [node("a", { memoryBytes: 500 })],
    instances: [instance("a")],
    expected: ["big host warm"],
  },
];

for (const { says, nodes, instances, expected } of TABLE) {
  Deno.test(`servingByNode() shows ${says}`, () => {
    assert.deepEqual(shown("a", nodes, instances), expected);
  });
}

Deno.test("servingByNode() shares out exactly what plans reserve, while that is offered", () => {
  const part = fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), big: fc.boolean() });
  const offers = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(offers, fc.array(part, { maxLength: 5 }), (offered, parts) => {
    const devices = [...offered.map((bytes, index) => device(`CUDA${index}`, bytes)), CPU];
    const whole = devices.reduce((sum, { offeredBytes }) => sum + offeredBytes, 0);
    const instances = parts.map(({ share, big }, index) =>
      instance("a", {
        of: { name: `m${index}`, fingerprint: `${index}` },
        needBytes: Math.floor((big ? 1 : 0.1) * share * whole / parts.length),
      })
    );
    const serving = servingByNode({ nodes: [node("a", { devices })], instances }, IDS).get(
      peer("a"),
    )!;
    for (const { name, offeredBytes } of devices) {
      const taken = serving.reduce((sum, one) => sum + (one.reservedBytes[name] ?? 0), 0);
      assert.ok(taken <= offeredBytes + serving.length, `${taken} of ${offeredBytes} on ${name}`);
    }
    for (const { model, reservedBytes } of serving) {
      const taken = Object.values(reservedBytes).reduce((sum, bytes) => sum + bytes, 0);
      const need = instances.find((one) => one.model.name === model)!.needBytes;
      assert.ok(Math.abs(taken - need) <= devices.length, `${model}: ${taken} of ${need}`);
    }
  }));
});

Deno.test("foremost() is the first that a user has pinned, else the first", () => {
  const serving = servingByNode({
    nodes: [
      node("a", { targets: [{ model: "big", why: "hot" }, { model: "small", why: "told" }] }),
    ],
    instances: [instance("a"), instance("a", { of: SMALL })],
  }, IDS).get(peer("a"))!;
  assert.equal(foremost(serving)?.model, "small");
  assert.equal(foremost(serving.slice(0, 1))?.model, "big");
  assert.equal(foremost([]), undefined);
});
