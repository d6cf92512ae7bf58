import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../../src/node/plan/decide.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import type { TargetOptions } from "../../../src/node/plan/target.ts";
import type { Member, View } from "../../../src/node/plan/view.ts";
import { BIG, instance, member, peer, planOf, SMALL, view } from "../members.ts";

const untold: TargetOptions = {
  pinned: [],
  catalog: [],
  mayCool: () => false,
  rested: new Set(),
};
const toldBig: TargetOptions = { ...untold, pinned: [BIG] };
const toldSmall: TargetOptions = { ...untold, pinned: [SMALL] };

function plan(seen: View, options: TargetOptions): Plan {
  const self = { ...seen.self, assignable: options.pinned.length === 0 };
  return planOf(decide({ ...seen, self }, options));
}

interface Row {
  readonly fact: string;
  readonly view: View;
  readonly options?: TargetOptions;
  /** Fields that the plan must have. */
  readonly expected: Partial<Plan> & { readonly workers?: unknown };
}

const holdsBig = { holds: [BIG], targets: [BIG] };
const holdsSmall = { holds: [SMALL], targets: [SMALL] };

const rows: Row[] = [
  {
    fact: "a node that nobody needs stands by",
    view: view(member("a", 60), []),
    expected: { kind: "standby" },
  },
  {
    fact: "a model that fits is served alone",
    view: view(member("a", 60, holdsSmall), []),
    options: toldSmall,
    expected: { kind: "solo", model: SMALL },
  },
  {
    fact: "two nodes that both fit a model serve it twice, without a split",
    view: view(member("a", 60, holdsSmall), [member("b", 60, holdsSmall)]),
    options: toldSmall,
    expected: { kind: "solo" },
  },
  {
    fact: "--split with nobody else serves alone",
    view: view(member("a", 60, { ...holdsSmall, split: true }), []),
    options: toldSmall,
    expected: { kind: "solo" },
  },
  {
    fact: "--split of one member splits over the whole group, the largest hosts",
    view: view(member("a", 60, { ...holdsSmall, split: true }), [member("b", 40, holdsSmall)]),
    options: toldSmall,
    expected: { kind: "host", workers: [{ peer: peer("b"), share: 0.4 }], hostShare: 0.6 },
  },
  {
    fact: "--split of another member makes this node follow the host it elects",
    view: view(member("a", 40, holdsSmall), [member("b", 60, { ...holdsSmall, split: true })]),
    options: toldSmall,
    expected: { kind: "follow", host: peer("b") },
  },
  {
    fact: "a forced split leaves out who is further away than 80 ms",
    view: view(
      member("a", 60, { ...holdsSmall, split: true }),
      [member("b", 40, holdsSmall), member("c", 40, holdsSmall)],
      { c: 160 },
    ),
    options: toldSmall,
    expected: { kind: "host", workers: [{ peer: peer("b"), share: 0.4 }] },
  },
  {
    fact: "equal memory is decided by the higher PeerId",
    view: view(member("a", 60, holdsBig), [member("b", 60, holdsBig)]),
    options: toldBig,
    expected: { kind: "follow", host: peer("b") },
  },
  {
    fact: "... but a machine that waits says so until the host does, or its helper goes again",
    view: view(
      member("a", 40, { ...holdsBig, instances: [instance(BIG, "waiting")] }),
      [member("b", 40, holdsBig)],
    ),
    options: toldBig,
    expected: { kind: "waiting", model: BIG },
  },
  {
    fact: "... and follows it then",
    view: view(
      member("a", 40, { ...holdsBig, instances: [instance(BIG, "waiting")] }),
      [member("b", 40, { ...holdsBig, instances: [instance(BIG, "waiting")] })],
    ),
    options: toldBig,
    expected: { kind: "follow", host: peer("b") },
  },
  {
    fact: "a model that fits nobody alone is split, just enough members",
    view: view(member("c", 60, holdsBig), [member("a", 50, holdsBig), member("b", 50, holdsBig)], {
      a: 16,
      b: 2,
    }),
    options: toldBig,
    expected: { kind: "host", workers: [{ peer: peer("b"), share: 50 / 110 }] },
  },
  {
    fact: "a split takes the lowest round trips first, whoever has more memory",
    view: view(
      member("d", 60, holdsBig),
      [member("a", 20, holdsBig), member("b", 20, holdsBig), member("c", 59, holdsBig)],
      { a: 4, b: 2, c: 8 },
    ),
    options: toldBig,
    expected: {
      kind: "host",
      workers: [{ peer: peer("b"), share: 0.2 }, { peer: peer("a"), share: 0.2 }],
    },
  },
  {
    fact: "a split takes nobody who is further away than 80 ms, though it lacks memory",
    view: view(member("d", 60, holdsBig), [member("a", 20, holdsBig), member("b", 50, holdsBig)], {
      a: 80,
      b: 160,
    }),
    options: toldBig,
    expected: { kind: "waiting", haveBytes: 80 },
  },
  {
    fact: "a member 80 ms away is near enough",
    view: view(member("d", 60, holdsBig), [member("a", 50, holdsBig)], { a: 80 }),
    options: toldBig,
    expected: { kind: "host", workers: [{ peer: peer("a"), share: 50 / 110 }] },
  },
  {
    fact: "--split takes all members within 80 ms, also those that are not needed",
    view: view(
      member("d", 70, { ...holdsSmall, split: true }),
      [member("a", 20, holdsSmall), member("b", 10, holdsSmall), member("c", 10, holdsSmall)],
      { a: 80, b: 1, c: 160 },
    ),
    options: toldSmall,
    expected: {
      kind: "host",
      workers: [{ peer: peer("b"), share: 0.1 }, { peer: peer("a"), share: 0.2 }],
    },
  },
  {
    fact: "--tensor-split overrides the shares by memory, host first",
    view: view(member("c", 60, { ...holdsBig, tensorSplit: [3, 1] }), [member("a", 50, holdsBig)]),
    options: toldBig,
    expected: { kind: "host", hostShare: 0.75, workers: [{ peer: peer("a"), share: 0.25 }] },
  },
  {
    fact: "--tensor-split of a worker counts as well",
    view: view(member("c", 60, holdsBig), [member("a", 50, { ...holdsBig, tensorSplit: [3, 1] })]),
    options: toldBig,
    expected: { kind: "host", hostShare: 0.75, workers: [{ peer: peer("a"), share: 0.25 }] },
  },
  {
    fact: "of two --tensor-split the host's own counts",
    view: view(member("c", 60, { ...holdsBig, tensorSplit: [1, 1] }), [
      member("a", 50, { ...holdsBig, tensorSplit: [3, 1] }),
    ]),
    options: toldBig,
    expected: { kind: "host", hostShare: 0.5 },
  },
  {
    fact: "of two workers' --tensor-split that of the lower PeerId counts",
    view: view(member("c", 60, { ...holdsSmall, split: true }), [
      member("b", 50, { ...holdsSmall, tensorSplit: [1, 1, 2] }),
      member("a", 50, { ...holdsSmall, tensorSplit: [2, 1, 1] }),
    ]),
    options: toldSmall,
    expected: { kind: "host", hostShare: 0.5 },
  },
  {
    fact: "--tensor-split of another model's member does not count",
    view: view(member("c", 60, holdsBig), [
      member("a", 50, holdsBig),
      member("b", 60, { ...holdsSmall, tensorSplit: [3, 1] }),
    ]),
    options: toldBig,
    expected: { kind: "host", hostShare: 60 / 110 },
  },
  {
    fact: "--tensor-split for more machines than there are does not count",
    view: view(member("c", 60, { ...holdsBig, tensorSplit: [2, 1, 1] }), [
      member("a", 50, holdsBig),
    ]),
    options: toldBig,
    expected: { kind: "host", hostShare: 60 / 110 },
  },
  {
    fact: "other proportions are another split, for the same workers",
    view: view(
      member("c", 60, {
        ...holdsSmall,
        split: true,
        instances: [instance(SMALL, "warm", ["a"], 2)],
      }),
      [member("a", 60, { ...holdsSmall, tensorSplit: [3, 1] })],
    ),
    options: toldSmall,
    expected: { kind: "host", hostShare: 0.75 },
  },
  {
    fact: "too little memory in all waits with both numbers",
    view: view(member("b", 30, holdsBig), [member("a", 30, holdsBig)]),
    options: toldBig,
    expected: { kind: "waiting", needBytes: 100, haveBytes: 60 },
  },
  {
    fact: "a worker obeys the host that it elects",
    view: view(member("a", 50, holdsBig), [
      member("b", 60, { ...holdsBig, instances: [instance(BIG, "loading", ["a"], 7)] }),
    ]),
    options: toldBig,
    expected: { kind: "worker", host: peer("b"), term: 7 },
  },
  {
    fact: "an assignment of a host that this node does not elect is not obeyed",
    view: view(member("c", 50, { ...holdsBig, split: true }), [
      member("b", 60, holdsBig),
      member("a", 55, { ...holdsBig, instances: [instance(BIG, "loading", ["c"], 7)] }),
    ]),
    options: toldBig,
    expected: { kind: "follow", host: peer("b") },
  },
  {
    fact: "the worker of a host that died becomes host when it has the file and the memory",
    view: view(member("a", 60, { ...holdsSmall, split: true }), []),
    options: toldSmall,
    expected: { kind: "solo" },
  },
  {
    fact: "a joiner without a model helps a model that waits for memory, without its file",
    view: view(member("c", 50), [
      member("b", 60, { ...holdsBig, instances: [instance(BIG, "waiting")] }),
    ]),
    expected: { kind: "follow", model: BIG, host: peer("b") },
  },
  {
    fact: "a joiner without a model joins a forced split",
    view: view(member("c", 50), [
      member("b", 60, { ...holdsSmall, split: true, instances: [instance(SMALL, "warm")] }),
    ]),
    expected: { kind: "follow", model: SMALL, host: peer("b") },
  },
  {
    fact: "a helper that is counted in stays",
    view: view(member("c", 50, { targets: [BIG] }), [
      member("b", 60, { ...holdsBig, instances: [instance(BIG, "warm", ["c"], 3)] }),
    ]),
    expected: { kind: "worker", host: peer("b"), term: 3 },
  },
  {
    fact: "a helper that was not needed after all stands by",
    view: view(member("d", 50, { targets: [BIG] }), [
      member("b", 60, { ...holdsBig, instances: [instance(BIG, "loading", ["c"], 3)] }),
      member("c", 50, { targets: [BIG] }),
    ]),
    expected: { kind: "standby" },
  },
  {
    fact: "a joiner without a model serves what is on its disk and served by the fewest",
    view: view(member("c", 500, { holds: [BIG, SMALL] }), [
      member("a", 500, { ...holdsBig, instances: [instance(BIG, "warm")] }),
      member("b", 500, { wanted: ["small"] }),
    ]),
    expected: { kind: "solo", model: SMALL },
  },
  {
    fact: "a worker with another RPC protocol is left out",
    view: view(member("b", 60, holdsBig), [member("a", 50, { ...holdsBig, rpcProtocol: "3.7.0" })]),
    options: toldBig,
    expected: { kind: "waiting", haveBytes: 60 },
  },
  {
    fact: "a newcomer that is not needed changes nothing, though it is nearer",
    view: view(
      member("d", 60, { ...holdsBig, instances: [instance(BIG, "warm", ["a"], 2)] }),
      [member("a", 50, holdsBig), member("b", 50, holdsBig)],
      { a: 16, b: 1 },
    ),
    options: toldBig,
    expected: { kind: "host", workers: [{ peer: peer("a"), share: 0.5 }] },
  },
  {
    fact: "a newcomer that is not needed changes nothing, though it has more memory",
    view: view(
      member("d", 60, { ...holdsBig, instances: [instance(BIG, "warm", ["a"], 2)] }),
      [member("a", 50, holdsBig), member("b", 90, holdsBig)],
    ),
    options: toldBig,
    expected: { kind: "host", workers: [{ peer: peer("a"), share: 0.5 }] },
  },
  {
    fact: "workers of a forced split keep their order when round trips drift",
    view: view(
      member("d", 50, {
        ...holdsSmall,
        split: true,
        instances: [instance(SMALL, "warm", ["a", "b"], 2)],
      }),
      [member("a", 50, holdsSmall), member("b", 50, holdsSmall)],
      { a: 16, b: 1 },
    ),
    options: toldSmall,
    expected: {
      kind: "host",
      workers: [{ peer: peer("a"), share: 1 / 3 }, { peer: peer("b"), share: 1 / 3 }],
    },
  },
  {
    fact: "a helper that is elected host stays with the model that waits for it",
    view: view(
      member("c", 70, { holds: [BIG], targets: [BIG], instances: [instance(BIG, "waiting")] }),
      [
        member("b", 20, holdsBig),
      ],
    ),
    expected: { kind: "waiting", model: BIG, haveBytes: 90 },
  },
  {
    fact: "a helper that hosts a split stays while its workers need it",
    view: view(
      member("c", 70, {
        holds: [BIG],
        targets: [BIG],
        instances: [instance(BIG, "warm", ["b"], 2)],
      }),
      [member("b", 60, holdsBig)],
    ),
    expected: { kind: "host", model: BIG },
  },
  {
    fact: "a helper that holds the file serves on when the host has died",
    view: view(member("c", 70, { holds: [SMALL], targets: [SMALL], wanted: ["small"] }), []),
    expected: { kind: "solo", model: SMALL },
  },
  {
    fact: "a helper does not wait for a model that nobody else wants any more",
    view: view(
      member("c", 70, { holds: [BIG], targets: [BIG], instances: [instance(BIG, "waiting")] }),
      [],
    ),
    expected: { kind: "standby" },
  },
  {
    fact: "another member's longer context does not take away what fits here",
    view: view(member("a", 60, holdsSmall), [
      member("b", 60, {
        models: [{ ...SMALL, sizeBytes: 1, needBytes: 500 }],
        targets: [SMALL],
      }),
    ]),
    options: toldSmall,
    expected: { kind: "solo" },
  },
  {
    fact: "a model that was dropped here is neither served nor helped",
    view: view(member("c", 500, { holds: [BIG], targets: [BIG], refuses: ["big"] }), [
      member("b", 60, { ...holdsBig, instances: [instance(BIG, "waiting")] }),
    ]),
    expected: { kind: "standby" },
  },
  {
    fact: "two files of one name are two models",
    view: view(member("a", 60, holdsBig), [
      member("b", 60, {
        models: [{ name: "big", fingerprint: "0".repeat(64), sizeBytes: 1, needBytes: 100 }],
        targets: [{ name: "big", fingerprint: "0".repeat(64) }],
      }),
    ]),
    options: toldBig,
    expected: { kind: "waiting", haveBytes: 60 },
  },
];

for (const row of rows) {
  Deno.test(`decide(): ${row.fact}`, () => {
    const got = plan(row.view, row.options ?? untold);
    const wanted = Object.keys(row.expected) as (keyof Plan)[];
    assert.deepEqual(
      Object.fromEntries(wanted.map((key) => [key, got[key]])),
      row.expected,
      JSON.stringify(got),
    );
  });
}

Deno.test("decide(): a node that almost took something else still has what it had claimed before", () => {
  const serving = { holds: [SMALL], instances: [instance(SMALL, "warm")] };
  const seen = view(
    member("c", 60, { ...serving, claims: [{ model: "big", reason: "unserved" }] }),
    [
      member("a", 60, { ...holdsSmall, instances: [instance(SMALL, "warm")] }),
    ],
  );
  const taken = { model: "small", reason: "hot" } as const;
  const claim = (taken: TargetOptions["taken"] = []) =>
    decide(seen, { ...untold, taken }).works[0]?.claim;
  assert.deepEqual(claim([taken]), taken);
  assert.equal(claim([{ ...taken, model: "other" }]), null);
});

const anyMember = fc.record({
  memory: fc.integer({ min: 1, max: 120 }),
  file: fc.boolean(),
  split: fc.boolean(),
  rtt: fc.constantFrom(1, 16, 64, 128),
});

function fleet(drawn: readonly { memory: number; file: boolean; split: boolean }[]): Member[] {
  return drawn.map(({ memory, file, split }, index) =>
    member(`n${index}`, memory, { holds: file ? [BIG] : [], targets: [BIG], split })
  );
}

function planFor(members: readonly Member[], self: Member): Plan {
  const others = members.filter((other) => other !== self);
  return plan(view(self, others), toldBig);
}

Deno.test("decide(): all members of a group elect the same host, and it assigns only them", () => {
  fc.assert(fc.property(fc.array(anyMember, { minLength: 1, maxLength: 6 }), (drawn) => {
    const members = fleet(drawn);
    const plans = members.map((self) => planFor(members, self));
    const hosts = new Set(plans.flatMap((one) => one.kind === "follow" ? [one.host] : []));
    assert.ok(hosts.size <= 1);
    const assigned = plans.flatMap((one) => one.kind === "host" ? one.workers : []);
    for (const worker of assigned) {
      const index = members.findIndex((one) => one.peer === worker.peer);
      assert.equal(plans[index]?.kind, "follow");
    }
  }));
});

Deno.test("decide(): shares of a split add up to one and its memory suffices", () => {
  fc.assert(fc.property(fc.array(anyMember, { minLength: 1, maxLength: 6 }), (drawn) => {
    const members = fleet(drawn);
    for (const self of members) {
      const got = planFor(members, self);
      if (got.kind !== "host") continue;
      const sum = got.workers.reduce((total, worker) => total + worker.share, got.hostShare);
      assert.ok(Math.abs(sum - 1) < 1e-9);
      assert.ok(got.haveBytes >= got.needBytes);
    }
  }));
});
