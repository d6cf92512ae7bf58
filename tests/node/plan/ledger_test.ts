/** The memory that models hold of each machine, and what is left for one more. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { DeviceMemory, Instance, ModelRef, PeerId } from "../../../src/mesh/mod.ts";
import { freeDevices, freePools, reservationsOf } from "../../../src/node/plan/ledger.ts";
import { memberPools } from "../../../src/node/plan/pools.ts";
import { beforeIn, type Right } from "../../../src/node/plan/rights.ts";
import { settle, undecided } from "../../../src/node/plan/settle.ts";
import { groupOf, type Member, sameModel } from "../../../src/node/plan/view.ts";
import { machine } from "../../mesh/content.ts";
import { member, type MemberOptions, peer, view } from "../members.ts";

const model = (name: string): ModelRef => ({ name, fingerprint: "f".repeat(64) });
const [A, B, C] = ["a-model", "b-model", "c-model"].map(model) as [ModelRef, ModelRef, ModelRef];

interface Node extends MemberOptions {
  readonly gpus?: readonly number[];
  readonly main?: number;
  /** By model and device. */
  readonly told?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A machine that is in the groups of all three models, unless it says otherwise. */
function node(name: string, { gpus = [], main = 0, told = {}, ...rest }: Node): Member {
  const device = { totalBytes: 1000, usedBytes: 0 };
  const devices: DeviceMemory[] = [
    ...gpus.map((offeredBytes, i) => ({
      ...device,
      name: `CUDA${i}`,
      kind: "discrete" as const,
      offeredBytes,
    })),
    { ...device, name: "CPU", kind: "cpu", offeredBytes: main },
  ];
  const reservations = Object.entries(told).map(([name, bytes]) => ({
    model: model(name),
    devices: Object.entries(bytes).map(([name, bytes]) => ({ name, bytes })),
  }));
  const memory = gpus.reduce((sum, gpu) => sum + gpu, main);
  const groups = { targets: [A, B, C], assignable: true };
  return {
    ...member(name, memory, { ...groups, reservations, ...rest }),
    machine: machine({ name, devices }),
  };
}

function solo(of: ModelRef, needBytes: number, state: Instance["state"] = "warm"): Instance {
  return {
    model: of,
    sizeBytes: 1,
    contextLength: 1,
    mode: "solo",
    state,
    term: 1,
    hostShare: 1,
    workers: [],
    needBytes,
    haveBytes: needBytes,
  };
}

function split(
  of: ModelRef,
  needBytes: number,
  [hostShare = 0, ...shares]: readonly number[],
  workers: readonly string[],
  state: Instance["state"] = "warm",
): Instance {
  return {
    ...solo(of, needBytes, state),
    mode: "split",
    hostShare,
    workers: workers.map((name, i) => ({ peer: peer(name), share: shares[i] ?? 0 })),
  };
}

/** The first machine is asked, for C: what is held of it, and what is free there for C. */
const ROWS: readonly (readonly [
  what: string,
  members: readonly Member[],
  held: string,
  free: string,
])[] = [
  ["an idle machine", [node("x", { gpus: [24], main: 48 })], "", "24+48"],
  ["an idle machine without a GPU", [node("x", { main: 48 })], "", "0+48"],
  [
    "a model on its GPU",
    [node("x", { gpus: [24], main: 48, instances: [solo(A, 10)] })],
    "a 10+0",
    "14+48",
  ],
  [
    "one that loads holds as much",
    [node("x", { gpus: [24], main: 48, instances: [solo(A, 10, "loading")] })],
    "a 10+0",
    "14+48",
  ],
  [
    "one that waits holds nothing",
    [node("x", { gpus: [24], main: 48, instances: [split(A, 99, [0], [], "waiting")] })],
    "",
    "24+48",
  ],
  [
    "a model larger than its GPU is in main memory too",
    [node("x", { gpus: [24], main: 48, instances: [solo(A, 30)] })],
    "a 24+6",
    "0+42",
  ],
  [
    "a model without a GPU",
    [node("x", { main: 48, instances: [solo(A, 30)] })],
    "a 0+30",
    "0+18",
  ],
  [
    "two models on one GPU",
    [node("x", { gpus: [24], main: 48, instances: [solo(A, 10), solo(B, 8)] })],
    "a 10+0, b 8+0",
    "6+48",
  ],
  [
    "the second finds no room on the GPU: the rest of it is in main memory",
    [node("x", { gpus: [24], main: 48, instances: [solo(A, 20), solo(B, 8)] })],
    "a 20+0, b 4+4",
    "0+44",
  ],
  [
    "the lower name had the GPU first, in whichever order they are told",
    [node("x", { gpus: [24], main: 48, instances: [solo(B, 8), solo(A, 20)] })],
    "a 20+0, b 4+4",
    "0+44",
  ],
  [
    "one that answers had it before one that loads",
    [node("x", { gpus: [24], main: 48, instances: [solo(A, 20, "loading"), solo(B, 8)] })],
    "b 8+0, a 16+4",
    "0+44",
  ],
  [
    "llama.cpp took less than was planned",
    [node("x", {
      gpus: [24],
      main: 48,
      instances: [solo(A, 10)],
      told: { "a-model": { CUDA0: 7 } },
    })],
    "a 7+0",
    "17+48",
  ],
  [
    "llama.cpp took more than was planned",
    [node("x", {
      gpus: [24],
      main: 48,
      instances: [solo(A, 10)],
      told: { "a-model": { CUDA0: 9, CPU: 3 } },
    })],
    "a 9+3",
    "15+45",
  ],
  [
    "it put into main memory what was planned for the GPU",
    [node("x", {
      gpus: [24],
      main: 48,
      instances: [solo(A, 10)],
      told: { "a-model": { CPU: 10 } },
    })],
    "a 0+10",
    "24+38",
  ],
  [
    "a model that is being stopped still has its memory",
    [node("x", { gpus: [24], main: 48, told: { "a-model": { CUDA0: 20 } } })],
    "a 20+0",
    "4+48",
  ],
  [
    "memory of a device that is not named here is main memory",
    [node("x", { main: 48, instances: [solo(A, 10)], told: { "a-model": { Vulkan0: 10 } } })],
    "a 0+10",
    "0+38",
  ],
  [
    "a host holds its own share",
    [
      node("x", { gpus: [24], main: 48, instances: [split(A, 40, [0.5, 0.5], ["y"])] }),
      node("y", {}),
    ],
    "a 20+0",
    "4+48",
  ],
  [
    "a worker holds the share that its host names",
    [
      node("x", { gpus: [24], main: 48 }),
      node("y", { instances: [split(A, 40, [0.75, 0.25], ["x"])] }),
    ],
    "a 10+0",
    "14+48",
  ],
  [
    "a share that its GPU does not hold is in main memory too",
    [
      node("x", { gpus: [24], main: 48 }),
      node("y", { instances: [split(A, 80, [0.5, 0.5], ["x"])] }),
    ],
    "a 24+16",
    "0+32",
  ],
  [
    "a machine that is not in the group lends nothing, whatever a host says",
    [
      node("x", { main: 48, targets: [C] }),
      node("y", { instances: [split(A, 40, [0.5, 0.5], ["x"])] }),
    ],
    "",
    "0+48",
  ],
  [
    "one that is leaving a group and still obeys lends",
    [
      node("x", { main: 48, targets: [C], obeys: [{ host: peer("y"), term: 1, ready: true }] }),
      node("y", { instances: [split(A, 40, [0.5, 0.5], ["x"])] }),
    ],
    "a 0+20",
    "0+28",
  ],
  [
    "a worker of two hosts",
    [
      node("x", { gpus: [24], main: 48 }),
      node("y", { instances: [split(A, 40, [0.75, 0.25], ["x"])] }),
      node("z", { instances: [split(B, 40, [0.5, 0.5], ["x"])] }),
    ],
    "a 10+0, b 14+6",
    "0+42",
  ],
  [
    "a worker with a model of its own",
    [
      node("x", { gpus: [24], main: 48, instances: [solo(B, 5)] }),
      node("y", { instances: [split(A, 40, [0.75, 0.25], ["x"])] }),
    ],
    "a 10+0, b 5+0",
    "9+48",
  ],
  [
    "a host of two splits over the same worker",
    [
      node("x", { gpus: [24], main: 48 }),
      node("y", {
        instances: [split(A, 40, [0.75, 0.25], ["x"]), split(B, 8, [0.5, 0.5], ["x"])],
      }),
    ],
    "a 10+0, b 4+0",
    "10+48",
  ],
  [
    "of two hosts that ask for one model the one that answers counts",
    [
      node("x", { main: 48 }),
      node("y", { instances: [split(A, 40, [0.5, 0.5], ["x"], "loading")] }),
      node("z", { instances: [split(A, 40, [0.75, 0.25], ["x"])] }),
    ],
    "a 0+10",
    "0+38",
  ],
  [
    "of two that load it the one of the lower PeerId",
    [
      node("x", { main: 48 }),
      node("z", { instances: [split(A, 40, [0.75, 0.25], ["x"], "loading")] }),
      node("y", { instances: [split(A, 40, [0.5, 0.5], ["x"], "loading")] }),
    ],
    "a 0+20",
    "0+28",
  ],
  [
    "a worker tells what it has for the term that it obeys",
    [
      node("x", {
        main: 48,
        obeys: [{ host: peer("y"), term: 1, ready: true }],
        told: { "a-model": { CPU: 9 } },
      }),
      node("y", { instances: [split(A, 40, [0.75, 0.25], ["x"])] }),
    ],
    "a 0+9",
    "0+39",
  ],
  [
    "what it had for an earlier term says nothing of a larger share",
    [
      node("x", {
        main: 48,
        obeys: [{ host: peer("y"), term: 0, ready: true }],
        told: { "a-model": { CPU: 9 } },
      }),
      node("y", { instances: [split(A, 40, [0.5, 0.5], ["x"], "loading")] }),
    ],
    "a 0+20",
    "0+28",
  ],
  [
    "... and of a smaller one that it is not there yet",
    [
      node("x", {
        main: 48,
        obeys: [{ host: peer("y"), term: 0, ready: true }],
        told: { "a-model": { CPU: 20 } },
      }),
      node("y", { instances: [split(A, 40, [0.75, 0.25], ["x"], "loading")] }),
    ],
    "a 0+20",
    "0+28",
  ],
  [
    "what it still has for a split that its host has ended counts no more",
    [
      node("x", {
        main: 48,
        obeys: [{ host: peer("y"), term: 1, ready: true, model: A }],
        told: { "a-model": { CPU: 20 } },
      }),
      node("y", { instances: [split(A, 40, [1], [], "waiting")] }),
    ],
    "",
    "0+48",
  ],
  [
    "... but it does while nobody has heard of the host's end",
    [
      node("x", {
        main: 48,
        obeys: [{ host: peer("y"), term: 1, ready: true, model: A }],
        told: { "a-model": { CPU: 20 } },
      }),
    ],
    "a 0+20",
    "0+28",
  ],
  [
    "... and what it serves itself meanwhile",
    [
      node("x", {
        main: 48,
        obeys: [{ host: peer("y"), term: 1, ready: true, model: A }],
        told: { "a-model": { CPU: 20 } },
        instances: [solo(A, 20)],
      }),
      node("y", {}),
    ],
    "a 0+20",
    "0+28",
  ],
  [
    "the model that is asked about does not count against itself",
    [node("x", { main: 48, instances: [solo(C, 30)] })],
    "c 0+30",
    "0+48",
  ],
  [
    "where there is not room for both, what loads under a higher name has no right against it",
    [node("x", { main: 36, instances: [solo(C, 20, "loading"), solo(model("d"), 20, "loading")] })],
    "c 0+20, d 0+20",
    "0+36",
  ],
  [
    "where there is, it is left alone",
    [node("x", { main: 48, instances: [solo(C, 20, "loading"), solo(model("d"), 20, "loading")] })],
    "c 0+20, d 0+20",
    "0+28",
  ],
  [
    "what loads under a lower name has a right",
    [node("x", { main: 48, instances: [solo(C, 20, "loading"), solo(B, 20, "loading")] })],
    "b 0+20, c 0+20",
    "0+28",
  ],
  [
    "... as has what answers already",
    [node("x", { main: 48, instances: [solo(C, 20, "loading"), solo(model("d"), 20)] })],
    "d 0+20, c 0+20",
    "0+28",
  ],
  [
    "what only loads has none against what answers",
    [node("x", { main: 36, instances: [solo(C, 20), solo(B, 20, "loading")] })],
    "c 0+20, b 0+20",
    "0+36",
  ],
  [
    "what was let in keeps what was planned for it, though another one has taken more",
    [node("x", {
      main: 48,
      instances: [solo(C, 20), solo(B, 26)],
      told: { "c-model": { CPU: 18 }, "b-model": { CPU: 30 } },
    })],
    "b 0+30, c 0+18",
    "0+20",
  ],
  [
    "... but for what has taken nothing yet there may be no room any more",
    [node("x", {
      main: 48,
      instances: [solo(C, 20, "loading"), solo(B, 26)],
      told: { "c-model": {}, "b-model": { CPU: 47 } },
    })],
    "b 0+47, c 0+0",
    "0+1",
  ],
  [
    "the user of the machine comes before a split of others that answers",
    [
      node("x", {
        main: 36,
        assignable: false,
        targets: [C, A],
        claims: [{ model: "a-model", reason: "memory" }],
        instances: [solo(C, 20, "loading")],
      }),
      node("y", { instances: [split(A, 40, [0.5, 0.5], ["x"])] }),
    ],
    "c 0+20, a 0+20",
    "0+36",
  ],
  [
    "of two that its user wants the first",
    [node("x", {
      main: 36,
      assignable: false,
      targets: [C, A],
      instances: [solo(A, 20), solo(C, 20, "loading")],
    })],
    "c 0+20, a 0+20",
    "0+36",
  ],
  [
    "more held than offered leaves nothing, and no less",
    [node("x", { gpus: [8], main: 8, instances: [solo(A, 30)] })],
    "a 8+22",
    "0+0",
  ],
  [
    "more held of the GPU than it offers takes from the whole",
    [node("x", {
      gpus: [8],
      main: 8,
      instances: [solo(A, 8)],
      told: { "a-model": { CUDA0: 10 } },
    })],
    "a 10+0",
    "0+6",
  ],
  [
    "a machine of an earlier version that names no devices",
    [{ ...node("x", { main: 48, instances: [solo(A, 8)] }), machine: machine() }],
    "a 0+8",
    "0+40",
  ],
];

for (const [what, members, held, free] of ROWS) {
  Deno.test(`ledger: ${what}`, () => {
    const [asked] = members as [Member];
    const told = reservationsOf(asked, members).map(({ model: { name }, gpuBytes, mainBytes }) =>
      `${name.slice(0, 1)} ${gpuBytes}+${mainBytes}`
    );
    assert.equal(told.join(", "), held);
    const { gpuBytes, memoryBytes } = freePools(asked, members, C);
    assert.equal(`${gpuBytes}+${memoryBytes - gpuBytes}`, free);
    // A node that sees the same in another order counts the same.
    assert.deepEqual(freePools(asked, members.toReversed(), C), { gpuBytes, memoryBytes });
  });
}

/** The rest of two cards, of 24 and 12, and of main memory: one model stays on one card where it can. */
const CARDS: readonly (readonly [what: string, instances: readonly Instance[], left: number[]])[] =
  [
    ["nothing", [], [24, 12, 48]],
    ["a small one goes where it fits best", [solo(A, 10)], [24, 2, 48]],
    ["a larger one to the card that holds it", [solo(A, 20)], [4, 12, 48]],
    ["two beside each other", [solo(A, 10), solo(B, 20)], [4, 2, 48]],
    ["three", [solo(A, 10), solo(B, 12), solo(C, 12)], [0, 2, 48]],
    ["one that only both hold", [solo(A, 30)], [4, 2, 48]],
    ["one that both do not hold", [solo(A, 40)], [0, 0, 44]],
    ["one that both hold no longer", [solo(A, 20), solo(B, 20)], [0, 0, 44]],
    ["a share of a split is on all cards", [split(A, 36, [0.5], [])], [12, 6, 48]],
  ];

for (const [what, instances, left] of CARDS) {
  Deno.test(`ledger: on two cards, ${what}`, () => {
    const x = node("x", { gpus: [24, 12], main: 48, instances });
    const free = freeDevices(x, [x], model("z")).map(({ offeredBytes }) => offeredBytes);
    assert.deepEqual(free, left);
  });
}

Deno.test("settle(): a node's own plans have room in its own order, here and on its workers", () => {
  const x = node("x", { main: 48, instances: [solo(B, 20), solo(C, 5)] });
  const y = node("y", { main: 48 });
  const open = undecided(view(x, [y]));
  const free = (of: typeof open, who: number) =>
    freePools(who === 0 ? of.self : y, [of.self, y], A).memoryBytes;
  assert.equal(free(open, 0), 48, "nothing is decided, so nothing that runs is in the way");
  const kept = settle(open, { kind: "solo", model: C, needBytes: 5 });
  assert.equal(free(kept, 0), 43);
  const workers = [{ peer: peer("y"), share: 0.5 }];
  const plan = { kind: "host", model: B, hostShare: 0.5, workers, needBytes: 40 } as const;
  const both = settle(kept, { ...plan, haveBytes: 96 });
  assert.deepEqual([free(both, 0), free(both, 1)], [23, 28]);
  assert.deepEqual(settle(both, { kind: "standby" }), both);
});

Deno.test("settle(): a share that is settled counts by the announcement of its host", () => {
  const x = node("x", { main: 48 });
  const y = node("y", { instances: [split(A, 40, [0.5, 0.5], ["x"])] });
  const open = undecided(view(x, [y]));
  const settled = settle(open, { kind: "worker", model: A, host: peer("y"), term: 1 });
  const free = ({ self }: typeof open) => freePools(self, [self, y], C).memoryBytes;
  assert.deepEqual([free(open), free(settled)], [48, 28]);
});

const NAMES = ["p", "q", "r", "s"];
const anyRef = fc.constantFrom(A, B, C, model("d"), model("e"));
const anyState = fc.constantFrom("warm" as const, "loading" as const);
const anyPart = fc.record({
  who: fc.nat(3),
  of: anyRef,
  need: fc.integer({ min: 1, max: 60 }),
  state: anyState,
  isSplit: fc.boolean(),
});
const anyFleet = fc.array(
  fc.record({
    gpus: fc.array(fc.integer({ min: 0, max: 24 }), { maxLength: 3 }),
    main: fc.nat(48),
  }),
  { minLength: 4, maxLength: 4 },
);
const ALL = [A, B, C, model("d"), model("e")];

Deno.test("ledger: whatever the rules admit is never more than is offered", () => {
  fc.assert(fc.property(anyFleet, fc.array(anyPart, { maxLength: 12 }), (fleet, parts) => {
    let members = fleet.map((one, i) => node(NAMES[i]!, { ...one, targets: ALL }));
    for (const { who, of, need, state, isSplit } of parts) {
      const self = members[who]!;
      const isTaken = members.some(({ instances }) =>
        instances.some((i) => sameModel(i.model, of))
      );
      if (isTaken) continue;
      const others = isSplit ? members.filter((one) => one !== self) : [];
      const free = [self, ...others].map((one) => freePools(one, members, of).memoryBytes);
      const have = free.reduce((sum, bytes) => sum + bytes, 0);
      if (have < need) continue;
      const shares = free.map((bytes) => bytes / have);
      const added = isSplit
        ? split(of, need, shares, others.map((one) => one.peer), state)
        : solo(of, need, state);
      members = members.map((one) =>
        one === self ? { ...one, instances: [...one.instances, added] } : one
      );
      for (const one of members) assertWithin(one, members);
    }
  }));
});

/** Bytes are counted whole, device by device. */
function assertWithin(one: Member, members: readonly Member[]): void {
  const held = reservationsOf(one, members);
  const gpu = held.reduce((sum, { gpuBytes }) => sum + gpuBytes, 0);
  const all = held.reduce((sum, { gpuBytes, mainBytes }) => sum + gpuBytes + mainBytes, 0);
  const slack = held.length * 4;
  const offered = memberPools(one);
  assert.ok(gpu <= offered.gpuBytes + slack, `${gpu} of ${offered.gpuBytes} on GPUs`);
  assert.ok(all <= offered.memoryBytes + slack, `${all} of ${offered.memoryBytes}`);
}

for (
  const [what, told, forA, forB, forNew] of [
    ["as much as was planned", { "a-model": { CPU: 20 }, "b-model": { CPU: 20 } }, 20, 20, 0],
    ["more, as does another", { "a-model": { CPU: 30 }, "b-model": { CPU: 23 } }, 20, 20, 0],
    ["less", { "a-model": { CPU: 14 }, "b-model": { CPU: 20 } }, 20, 26, 6],
    ["less, and another more", { "a-model": { CPU: 14 }, "b-model": { CPU: 33 } }, 20, 26, 0],
  ] as const
) {
  Deno.test(`ledger: a model that took ${what} ends no other, and a new one has what is left`, () => {
    const x = node("x", { main: 40, instances: [solo(A, 20), solo(B, 20)], told });
    const bytesFor = (model: ModelRef) => freePools(x, [x], model).memoryBytes;
    assert.deepEqual([A, B, C].map(bytesFor), [forA, forB, forNew]);
    const devicesFor = (model: ModelRef) => freeDevices(x, [x], model)[0]?.offeredBytes;
    assert.deepEqual([A, B, C].map(devicesFor), [forA, forB, forNew]);
  });
}

Deno.test("ledger: a model that fits one GPU is never on two", () => {
  fc.assert(fc.property(anyFleet, fc.integer({ min: 1, max: 24 }), ([one], need) => {
    const x = node("x", { ...one!, instances: [solo(A, need)] });
    const before = x.machine.devices;
    const after = freeDevices(x, [x], C);
    const touched = before.filter((device, i) => device.offeredBytes !== after[i]!.offeredBytes);
    const fits = before.some((device) => device.kind !== "cpu" && device.offeredBytes >= need);
    if (fits) assert.equal(touched.length, 1);
  }));
});

const anyRight: fc.Arbitrary<Right> = fc.record({
  model: anyRef,
  host: fc.constantFrom(...NAMES.map((name) => name as PeerId)),
  place: fc.constantFrom(0, 1, Infinity),
  state: fc.constantFrom("warm", "loading", "planned"),
});

Deno.test("rights: of two different claims exactly one comes first, and the order has no circle", () => {
  fc.assert(fc.property(anyRight, anyRight, anyRight, (a, b, c) => {
    const isSame = sameModel(a.model, b.model) && a.host === b.host && a.place === b.place &&
      a.state === b.state;
    assert.equal(beforeIn(a, b) || beforeIn(b, a), !isSame);
    assert.ok(!(beforeIn(a, b) && beforeIn(b, a)));
    if (beforeIn(a, b) && beforeIn(b, c)) assert.ok(beforeIn(a, c));
  }));
});

Deno.test("rights: of two hosts that plan on one worker at the same moment one gives way, unless both find room", () => {
  fc.assert(fc.property(fc.nat(40), fc.nat(40), (a, b) => {
    const members = [
      node("x", { main: 48 }),
      node("y", { instances: [split(A, a * 2, [0.5, 0.5], ["x"], "loading")] }),
      node("z", { instances: [split(B, b * 2, [0.5, 0.5], ["x"], "loading")] }),
    ];
    const [x, y, z] = members as [Member, Member, Member];
    for (const seenBy of [[x, y, z], [z, x, y]]) {
      // Nobody has to if both find room. Bytes are rounded up for each.
      const isRoomForBoth = a + b <= 48 + 2;
      const forA = isRoomForBoth ? Math.max(0, 48 - b) : 48;
      assert.equal(freePools(x, seenBy, A).memoryBytes, forA);
      assert.equal(freePools(x, seenBy, B).memoryBytes, 48 - a);
    }
    assert.equal(groupOf(view(x, [y, z]), A).length, 3);
  }));
});
