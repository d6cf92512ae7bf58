/** A split that is to have more than it was loaded with. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Instance, ModelRef } from "../../../src/mesh/mod.ts";
import { isForRequests, roomFor } from "../../../src/node/plan/asked_contexts.ts";
import { decide } from "../../../src/node/plan/decide.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import type { Member, View } from "../../../src/node/plan/view.ts";
import { BIG, instance, member, type MemberOptions, peer, SMALL, view } from "../members.ts";

/** The split is loaded with so much. */
const NEEDS = 100;
const OTHER: ModelRef = { name: "other", fingerprint: "d".repeat(64) };

function split(hostShare: number): Instance {
  const workers = [{ peer: peer("b"), share: 1 - hostShare }];
  return { ...instance(BIG, "warm", ["b"]), hostShare, workers, needBytes: NEEDS };
}

interface Machine extends MemberOptions {
  readonly gb?: number;
  readonly gpu?: number;
  /** By what it serves besides: the memory of that. */
  readonly serves?: { readonly model: ModelRef; readonly bytes: number };
}

function machine(name: string, { gb = 100, gpu = 0, serves, ...rest }: Machine = {}): Member {
  const served = serves === undefined
    ? []
    : [{ ...instance(serves.model, "warm"), needBytes: serves.bytes }];
  const { instances = [], targets = [BIG] } = rest;
  const made = member(name, gb + gpu, {
    holds: [BIG],
    ...rest,
    targets: [...targets, ...served.map(({ model }) => model)],
    instances: [...instances, ...served],
  });
  const files = served.map(({ model, needBytes }) => ({ ...model, sizeBytes: 1, needBytes }));
  const device = { kind: "discrete", memoryBytes: 0, usedBytes: 0, architecture: null };
  const devices = gpu === 0 ? [] : [
    { ...device, name: "CUDA0", offeredBytes: gpu },
    { ...device, name: "CPU", kind: "cpu", offeredBytes: gb },
  ];
  return {
    ...made,
    models: [...made.models, ...files],
    machine: { ...made.machine, devices } as unknown as Member["machine"],
  };
}

interface Pair {
  readonly host?: Machine;
  readonly worker?: Machine;
  readonly hostShare?: number;
}

function pair({ host = {}, worker = {}, hostShare = 0.5 }: Pair): [host: Member, worker: Member] {
  return [
    machine("a", { ...host, instances: [split(hostShare)] }),
    machine("b", {
      holds: [],
      obeys: [{ host: peer("a"), term: 1, ready: true, model: BIG }],
      ...worker,
    }),
  ];
}

/** The host announces that the model is to have so much. */
function asking(host: Member, needBytes: number): Member {
  const models = host.models.map((file) => file.name === BIG.name ? { ...file, needBytes } : file);
  return { ...host, models };
}

/** ... and loads it so. */
function loading(host: Member, { hostShare, workers, needBytes }: HostPlan): Member {
  const instances = host.instances.map((one): Instance =>
    one.model === BIG ? { ...one, hostShare, workers, needBytes, state: "loading", term: 2 } : one
  );
  return { ...asking(host, needBytes), instances };
}

type HostPlan = Extract<Plan, { kind: "host" }>;

function plansOf(seen: View, pinned: readonly ModelRef[] = [BIG]): Plan[] {
  const self = { ...seen.self, assignable: pinned.length === 0 };
  return decide({ ...seen, self }, {
    pinned,
    catalog: [],
    mayCool: () => false,
    rested: new Set(),
  }).works.map(({ plan }) => plan);
}

function planOfBig(plans: readonly Plan[]): Plan | undefined {
  return plans.find((plan) => "model" in plan && plan.model.name === BIG.name);
}

const ROWS: readonly (readonly [fact: string, pair: Pair, room: number])[] = [
  ["nothing else is there", {}, 200],
  ["the shares stay", { hostShare: 0.8 }, 125],
  ["the worker's share stays", { hostShare: 0.2 }, 125],
  ["the host serves something else", { host: { serves: { model: SMALL, bytes: 10 } } }, 180],
  ["the worker does", { worker: { serves: { model: OTHER, bytes: 30 } } }, 140],
  ["there is nothing left", { worker: { serves: { model: OTHER, bytes: 50 } } }, 100],
  ["it stays on GPUs", { host: { gpu: 60 }, worker: { gpu: 70 } }, 120],
  ["it is in main memory too", { host: { gpu: 40 }, worker: { gpu: 70, gb: 90 } }, 280],
  ["it is forced", { host: { split: true, gb: 400 }, worker: { gb: 100 } }, 200],
];

for (const [fact, mesh, room] of ROWS) {
  Deno.test(`roomFor() a split: ${fact}`, () => {
    const [host, worker] = pair(mesh);
    assert.equal(Math.round(roomFor(split(mesh.hostShare ?? 0.5), view(host, [worker]))), room);
  });
}

Deno.test("roomFor() a split whose worker is gone is none", () => {
  const [host] = pair({});
  assert.equal(roomFor(split(0.5), view(host, [])), 0);
});

Deno.test("no request has a split loaded anew where one of its owners has switched that off", () => {
  const off = (one: Member): Member => ({
    ...one,
    machine: { ...one.machine, loadsOnRequest: false },
  });
  const [host, worker] = pair({});
  const other = machine("c");
  const rows = [[host, worker, true], [off(host), worker, false], [host, off(worker), false]];
  for (const [self, one, expected] of rows as [Member, Member, boolean][]) {
    assert.equal(isForRequests(split(0.5), view(self, [one, off(other)])), expected);
  }
});

Deno.test("a split that is to have more than its shares hold is planned anew", () => {
  const [host, worker] = pair({ hostShare: 0.25 });
  const [free] = pair({ hostShare: 0.25, host: { split: true } });
  for (const one of [host, free]) {
    const plan = planOfBig(plansOf(view(asking(one, 160), [worker])));
    assert.equal(plan?.kind === "host" && plan.hostShare, 0.5);
  }
  const plan = planOfBig(plansOf(view(asking(host, 210), [worker])));
  assert.deepEqual(plan, { kind: "waiting", model: BIG, needBytes: 210, haveBytes: 200 });
});

Deno.test("as much as there is room for ends nothing: host and worker go on with all they do", () => {
  const anyMachine = fc.record({
    gb: fc.integer({ min: 1, max: 300 }),
    other: fc.integer({ min: 0, max: 100 }),
  });
  const drawn = [anyMachine, anyMachine, fc.integer({ min: 1, max: 15 }), fc.boolean()] as const;
  fc.assert(fc.property(...drawn, (first, second, parts, force) => {
    const hostShare = parts / 16;
    fc.pre(first.gb < NEEDS || force);
    fc.pre(first.gb >= hostShare * NEEDS + first.other);
    fc.pre(second.gb >= (1 - hostShare) * NEEDS + second.other);
    const serving = ({ gb, other }: typeof first, model: ModelRef) => ({
      gb,
      ...(other === 0 ? {} : { serves: { model, bytes: other } }),
    });
    const [host, worker] = pair({
      host: { ...serving(first, SMALL), split: force },
      worker: serving(second, OTHER),
      hostShare,
    });
    const room = Math.floor(roomFor(split(hostShare), view(host, [worker])));
    assert.ok(room >= NEEDS);
    const before = plansOf(view(host, [worker]));
    const after = plansOf(view(asking(host, room), [worker]));
    const [was, is] = [before, after].map(planOfBig) as [HostPlan, HostPlan];
    assert.deepEqual(
      [is.kind, is.needBytes, is.hostShare, is.workers],
      ["host", room, was.hostShare, was.workers],
    );
    assert.deepEqual(after.length, before.length, "the host");
    const kinds = (plans: readonly Plan[]) => plans.map(({ kind }) => kind);
    assert.deepEqual(
      kinds(plansOf(view(worker, [loading(host, is)]), [])),
      kinds(plansOf(view(worker, [host]), [])),
      "the worker",
    );
  }));
});
