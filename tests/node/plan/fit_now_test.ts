/** Words about what fits: as a table, and beside what nodes then do. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { AUTO_SHAPE, needBytes } from "../../../src/models/mod.ts";
import { draws } from "../drawn_meshes.ts";
import { announcedMember } from "../../../src/node/models/mesh_fit_view.ts";
import type { FitMember, FitModel, FitView } from "../../../src/node/plan/fit_mesh.ts";
import { fitJudge, type JudgedFit } from "../../../src/node/plan/fit_now.ts";
import { fitOf } from "../../../src/node/plan/fit_words.ts";
import type { Member } from "../../../src/node/plan/view.ts";
import { type FleetNode, memberOf, model as modelOf, play } from "../assignment/fleet.ts";
import { instance, member, type MemberOptions, peer } from "../members.ts";

const X = modelOf("x");
const BIG = modelOf("big");

/** In GB of need; a file is a little smaller. */
function sizeFor(need: number): number {
  return Math.floor(need * 1e9 / 1.1);
}

interface Machine extends Pick<MemberOptions, "refuses" | "rttsMs" | "rpcProtocol"> {
  readonly gb: number;
  /** @default {0} */
  readonly gpu?: number;
  /** It has the file of x. @default {false} */
  readonly x?: boolean;
  /** Models that run here alone, with what they take. */
  readonly runs?: Readonly<Record<string, number>>;
  /** Of those, what each gives back where another needs it. */
  readonly gives?: Readonly<Record<string, number>>;
  /** The models of its user. */
  readonly pins?: readonly string[];
  readonly demand?: Readonly<Record<string, number>>;
  readonly idleSinceMs?: Readonly<Record<string, number>>;
  readonly downloads?: number;
  readonly instances?: Member["instances"];
}

const NEED = 20;

function machineOf(name: string, machine: Machine): FitMember {
  const { gb, gpu = 0, x = false, runs = {}, pins = [], demand = {}, downloads = 0 } = machine;
  const device = { totalBytes: gb * 1e9, usedBytes: 0, kind: null };
  const solo = Object.entries(runs).map(([name, need]) => ({
    ...instance(modelOf(name), "warm"),
    needBytes: need * 1e9,
  }));
  const { machine: plain, ...rest } = member(name, gb * 1e9, {
    ...(machine.rpcProtocol === undefined ? {} : { rpcProtocol: machine.rpcProtocol }),
    refuses: machine.refuses ?? [],
    rttsMs: machine.rttsMs ?? {},
    targets: pins.map(modelOf),
    assignable: pins.length === 0,
    demand,
    downloadBytes: downloads * 1e9,
    instances: [...solo, ...machine.instances ?? []],
    models: x ? [{ ...X, sizeBytes: sizeFor(NEED), needBytes: NEED * 1e9 }] : [],
  });
  const devices = [
    ...(gpu === 0 ? [] : [{ ...device, name: "CUDA0", offeredBytes: gpu * 1e9 }]),
    { ...device, name: "CPU", offeredBytes: (gb - gpu) * 1e9 },
  ];
  const { idleSinceMs = {}, gives = {} } = machine;
  const reservations = Object.entries(gives).map(([name, spare]) => ({
    model: modelOf(name),
    devices: [{ name: "CPU", bytes: (runs[name] ?? 0) * 1e9, spareBytes: spare * 1e9 }],
  }));
  const announced = announcedMember({ ...rest, machine: { ...plain, devices } });
  return { ...announced, ...(reservations.length > 0 ? { reservations } : {}), idleSinceMs };
}

function split(name: string, need: number, hostShare: number, workers: Record<string, number>) {
  return {
    ...instance(modelOf(name), "warm"),
    mode: "split" as const,
    needBytes: need * 1e9,
    hostShare,
    workers: Object.entries(workers).map(([name, share]) => ({ peer: peer(name), share })),
  };
}

interface Row {
  readonly fact: string;
  /** The machine `me` asks, if there is one. */
  readonly mesh: Readonly<Record<string, Machine>>;
  readonly models?: "one" | "several";
  readonly source?: FitModel["source"];
  readonly expected: string;
}

const ROWS: readonly Row[] = [
  {
    fact: "a free machine holds it",
    mesh: { me: { gb: 24, x: true } },
    expected: "now: me. Fits this machine: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "it holds it to the byte",
    mesh: { me: { gb: 20, x: true } },
    expected: "now: me. Fits this machine: needs 20.0 GB of 20.0 GB",
  },
  {
    fact: "nobody holds it, whatever stops",
    mesh: { me: { gb: 8, x: true, runs: { guide: 1 } } },
    expected: "never. Does not fit: needs 20.0 GB, and the machines that could share it have " +
      "8.0 GB. Machines with 12.0 GB more would do, or a smaller quantization of it",
  },
  {
    fact: "a machine that serves one model has no room for another",
    mesh: { me: { gb: 64, x: true, runs: { guide: 1 } } },
    expected: "after guide@me: me. " +
      "Would fit this machine if this machine stopped guide: needs 20.0 GB of 64.0 GB",
  },
  {
    fact: "one that serves several has",
    models: "several",
    mesh: { me: { gb: 64, x: true, runs: { guide: 1 } } },
    expected: "now: me. Fits this machine: needs 20.0 GB of 63.0 GB that is free",
  },
  {
    fact: "... as long as they leave enough",
    models: "several",
    mesh: { me: { gb: 24, x: true, runs: { guide: 1, chat: 4 } } },
    expected: "after chat@me: me. " +
      "Would fit this machine if this machine stopped chat: needs 20.0 GB of 23.0 GB that would be free",
  },
  {
    fact: "two have to go where one is not enough",
    models: "several",
    mesh: { me: { gb: 23, x: true, runs: { guide: 4, chat: 4 } } },
    expected: "after chat@me guide@me: me. " +
      "Would fit this machine if this machine stopped chat and guide: needs 20.0 GB of 23.0 GB",
  },
  {
    fact: "of two that would do, the one that is asked for less",
    models: "several",
    mesh: {
      me: { gb: 24, x: true, runs: { guide: 5, chat: 5 }, demand: { chat: 2 } },
      b: { gb: 9 },
    },
    expected: "now: me b. " +
      "Fits 2 machines together: needs 20.0 GB of 23.0 GB that is free",
  },
  {
    fact: "... also where nobody helps",
    models: "several",
    mesh: { me: { gb: 27, x: true, runs: { guide: 4, chat: 4 }, demand: { chat: 2 } } },
    expected: "after guide@me: me. " +
      "Would fit this machine if this machine stopped guide: needs 20.0 GB of 23.0 GB that would be free",
  },
  {
    fact: "... and of two that nobody asks for, the one that has been idle longest",
    models: "several",
    mesh: {
      me: { gb: 27, x: true, runs: { chat: 4, guide: 4 }, idleSinceMs: { chat: 9, guide: 5 } },
    },
    expected: "after guide@me: me. " +
      "Would fit this machine if this machine stopped guide: needs 20.0 GB of 23.0 GB that would be free",
  },
  {
    fact: "another machine with the file is free",
    mesh: { me: { gb: 8, x: true }, tower: { gb: 64, x: true } },
    expected: "now: tower. Fits tower: needs 20.0 GB of 64.0 GB",
  },
  {
    fact: "another one without it can't run it alone, but helps",
    mesh: { me: { gb: 8, x: true }, tower: { gb: 64 } },
    expected: "now: me tower. Fits 2 machines together: needs 20.0 GB of 72.0 GB",
  },
  {
    fact: "a helper that serves a model of the mesh would have to stop it",
    mesh: { me: { gb: 12, x: true }, tower: { gb: 12, runs: { guide: 1 } } },
    expected: "after guide@tower: me tower. " +
      "Would fit 2 machines together if tower stopped guide: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "a pinned one is named as such",
    mesh: { me: { gb: 12, x: true }, tower: { gb: 12, runs: { guide: 1 }, pins: ["guide"] } },
    expected:
      "after guide!@tower: me tower. Would fit 2 machines together if tower stopped guide, " +
      "which its user pinned: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "two that nobody pinned before one that somebody did",
    mesh: {
      me: { gb: 4, x: true },
      a: { gb: 10, runs: { guide: 1 } },
      b: { gb: 10, runs: { chat: 1 } },
      c: { gb: 16, runs: { big: 1 }, pins: ["big"] },
    },
    expected: "after chat@b guide@a: me a b. Would fit 3 machines together if b stopped chat and " +
      "a stopped guide: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "a machine that is kept for a model which it can't serve yet",
    mesh: { me: { gb: 12, x: true }, tower: { gb: 12, pins: ["big"] } },
    expected: "after big!@tower: me tower. Would fit 2 machines together if tower gave up big, " +
      "which its user pinned: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "... is free for it once nodes serve several",
    models: "several",
    mesh: { me: { gb: 12, x: true }, tower: { gb: 12, pins: ["big"] } },
    expected: "now: me tower. Fits 2 machines together: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "a copy goes before an only one",
    mesh: {
      me: { gb: 12, x: true },
      a: { gb: 12, runs: { big: 1 } },
      b: { gb: 12, runs: { guide: 1 } },
      c: { gb: 2, runs: { guide: 1 } },
    },
    expected: "after guide@b: me b. " +
      "Would fit 2 machines together if b stopped guide: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "a split holds memory of its workers too",
    models: "several",
    mesh: {
      me: { gb: 12, x: true },
      a: { gb: 12, instances: [split("big", 16, 0.5, { b: 0.5 })] },
      b: { gb: 12 },
    },
    expected: "now: me a b. Fits 3 machines together: needs 20.0 GB of 20.0 GB that is free",
  },
  {
    fact: "... and gives back all of it",
    models: "several",
    mesh: {
      me: { gb: 10, x: true },
      a: { gb: 12, instances: [split("big", 16, 0.5, { b: 0.5 })] },
      b: { gb: 12 },
    },
    expected: "after big@a: me a. " +
      "Would fit 2 machines together if a stopped big: needs 20.0 GB of 22.0 GB",
  },
  {
    fact: "a split that a worker's user wants is pinned",
    mesh: {
      me: { gb: 10, x: true },
      a: { gb: 12, instances: [split("big", 16, 0.5, { b: 0.5 })] },
      b: { gb: 12, pins: ["big"] },
    },
    expected: "after big!@a: me a. Would fit 2 machines together if a stopped big, which the " +
      "user of b pinned: needs 20.0 GB of 22.0 GB",
  },
  {
    fact: "its own instance takes nothing from it",
    mesh: { me: { gb: 12, x: true, instances: [split("x", 20, 0.5, { b: 0.5 })] }, b: { gb: 12 } },
    expected: "now: me b. Fits 2 machines together: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "one that waits holds nothing",
    mesh: { me: { gb: 24, x: true, instances: [{ ...instance(BIG, "waiting") }] } },
    expected: "now: me. Fits this machine: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "who is too far away neither helps nor is stopped",
    mesh: {
      me: { gb: 12, x: true, rttsMs: { tower: 200 } },
      tower: { gb: 64, runs: { guide: 1 } },
    },
    expected: "never. Does not fit: needs 20.0 GB, and the machines that could share it have " +
      "12.0 GB. Machines with 8.0 GB more would do, or a smaller quantization of it",
  },
  {
    fact: "nor who speaks another protocol",
    mesh: { me: { gb: 12, x: true }, tower: { gb: 64, rpcProtocol: "3.0.0" } },
    expected: "never. Does not fit: needs 20.0 GB, and the machines that could share it have " +
      "12.0 GB. Machines with 8.0 GB more would do, or a smaller quantization of it",
  },
  {
    fact: "but it may run it alone",
    mesh: { me: { gb: 12, x: true }, tower: { gb: 64, x: true, rpcProtocol: "3.0.0" } },
    expected: "now: tower. Fits tower: needs 20.0 GB of 64.0 GB",
  },
  {
    fact: "a machine whose user has dropped it takes no part",
    mesh: { me: { gb: 12, x: true }, tower: { gb: 64, x: true, refuses: ["x"] } },
    expected: "never. Does not fit: needs 20.0 GB, and the machines that could share it have " +
      "12.0 GB. Machines with 8.0 GB more would do, or a smaller quantization of it",
  },
  {
    fact: "nobody has it who would serve it",
    mesh: { me: { gb: 64 }, tower: { gb: 64, x: true, refuses: ["x"] } },
    expected: "never. Does not fit: no machine that has it may serve it",
  },
  {
    fact: "a model of the catalog can be downloaded here",
    source: "catalog",
    mesh: { me: { gb: 24 } },
    expected: "now: me. Fits this machine: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "... or by a machine with room on its disk",
    source: "catalog",
    mesh: { me: { gb: 4 }, a: { gb: 24, downloads: 1 }, b: { gb: 64, downloads: 40 } },
    expected: "now: b. Fits b: needs 20.0 GB of 64.0 GB",
  },
  {
    fact: "here before on another's GPU, for its user serves it here",
    mesh: { me: { gb: 24, x: true }, tower: { gb: 64, gpu: 64, x: true } },
    expected: "now: me. Fits this machine: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "GPUs that others lend before the own main memory",
    mesh: { me: { gb: 48, gpu: 12, x: true }, tower: { gb: 12, gpu: 12 } },
    expected: "now: me tower. Fits the GPUs of 2 machines together: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "a GPU is taken before the main memory beside it",
    models: "several",
    mesh: { me: { gb: 60, gpu: 24, x: true, runs: { guide: 10 } } },
    expected: "now: me. Fits this machine, a part of it in main memory: " +
      "needs 20.0 GB of 50.0 GB that is free",
  },
  {
    fact: "one that runs although its host should not hold it",
    mesh: { me: { gb: 4 }, tower: { gb: 12, x: true, runs: { x: 20 }, refuses: ["x"] } },
    expected: "now: tower. Fits tower: it runs there",
  },
  {
    fact: "what a model gives back counts as free",
    models: "several",
    mesh: { me: { gb: 64, x: true, runs: { guide: 50 }, gives: { guide: 12 } } },
    expected: "now: me. Fits this machine: needs 20.0 GB of 26.0 GB that is free",
  },
  {
    fact: "a client asks for the mesh",
    mesh: { a: { gb: 12, x: true }, tower: { gb: 24, x: true } },
    expected: "now: tower. Fits tower: needs 20.0 GB of 24.0 GB",
  },
  {
    fact: "a client is told what would have to stop",
    mesh: { tower: { gb: 24, x: true, runs: { guide: 1 }, pins: ["guide"] } },
    expected: "after guide!@tower: tower. Would fit tower if tower stopped guide, which its user " +
      "pinned: needs 20.0 GB of 24.0 GB",
  },
];

for (const { fact, mesh, models = "one", source = "none", expected } of ROWS) {
  Deno.test(`fitJudge(): ${fact} (${models})`, () => {
    const view: FitView = {
      self: "me" in mesh ? "me" : null,
      members: Object.entries(mesh).map(([name, machine]) => ({
        ...machineOf(name, machine),
        isSingle: models === "one",
      })),
    };
    const model = { ...X, sizeBytes: sizeFor(NEED), source };
    const fit = fitJudge(view)(
      source === "catalog" ? { ...model, fingerprint: null } : model,
      AUTO_SHAPE,
    );
    assert.equal(`${wordsOf(fit)}. ${fitOf(fit, view).reason}`, expected);
  });
}

function wordsOf({ kind, stops, nodes }: JudgedFit): string {
  if (kind === "none") return "never";
  const where = nodes.map(({ id }) => id).join(" ");
  if (stops.length === 0) return `now: ${where}`;
  const names = stops.map(({ model, host, pinnedBy }) =>
    `${model.name}${pinnedBy.length > 0 ? "!" : ""}@${host}`
  );
  return `after ${names.join(" ")}: ${where}`;
}
/** One machine of a mesh in which every model may be anywhere. */
const machines = fc.array(
  fc.record({
    gb: fc.integer({ min: 1, max: 40 }),
    gpuShare: fc.constantFrom(0, 0, 0.5, 1),
    files: fc.subarray(["x", "y", "z"]),
    pin: fc.constantFrom(null, null, "y", "z"),
    serves: fc.constantFrom(null, "y", "z"),
    refusesX: fc.constantFrom(false, false, false, true),
    protocol: fc.constantFrom("8.0.0", "8.0.0", "8.0.0", "3.0.0"),
  }),
  { minLength: 1, maxLength: 5 },
);

type Fleet = typeof machines extends fc.Arbitrary<infer Value> ? Value : never;

const SIZES = fc.record({
  x: fc.integer({ min: 1, max: 70 }),
  y: fc.integer({ min: 1, max: 50 }),
  z: fc.integer({ min: 1, max: 12 }),
});

/** The mesh once everybody does what it should, with nobody asking for x. */
function settledFleet(fleet: Fleet, sizes: Readonly<Record<string, number>>): readonly Member[] {
  const members = fleet.map(({ gb, gpuShare, files, pin, serves, refusesX, protocol }, index) => {
    const needs = Object.fromEntries(files.map((name) => [name, needOf(sizes[name] ?? 0)]));
    const runs = pin === null && serves !== null && (needs[serves] ?? Infinity) <= gb * 1e6;
    const node: FleetNode = {
      name: `n${index}`,
      memory: gb * 1e6,
      gpu: Math.round(gb * gpuShare) * 1e6,
      disk: needs,
      models: pin !== null && files.includes(pin) ? [pin] : [],
      refuses: refusesX ? ["x"] : [],
      ...(runs ? { serves } : {}),
    };
    const one = memberOf(node);
    const engine = { build: "1", rpcProtocol: protocol, origin: null };
    return { ...one, machine: { ...one.machine, engine } };
  });
  return play(members).members;
}

function needOf(megabytes: number): number {
  return needBytes({ sizeBytes: megabytes * 1e6 }, null);
}

function serves(members: readonly Member[], name: string): boolean {
  return members.some(({ instances }) =>
    instances.some(({ model, state }) => model.name === name && state === "warm")
  );
}

/** Everybody does what it should once the first machine's user serves x there, or only wants it. */
function asked(members: readonly Member[], how: "here" | "wanted"): readonly Member[] {
  const [self, ...others] = members as [Member, ...Member[]];
  const wanted = ["x", ...self.wanted];
  return play([
    how === "wanted" ? { ...self, wanted } : {
      ...self,
      wanted,
      targets: [X, ...self.targets],
      assignable: false,
      refuses: [],
    },
    ...others,
  ]).members;
}

/** Their users drop these, and nobody asks for them any more, nor for others that wait: those would come first. */
function afterStops(members: readonly Member[], { stops }: JudgedFit): readonly Member[] {
  const isStopped = (host: string, name: string) =>
    stops.some((one) => one.host === host && one.model.name === name);
  const waiting = ["y", "z"].filter((name) => !serves(members, name));
  const gone = new Set([...stops.map(({ model }) => model.name), ...waiting]);
  const freed = new Set(stops.flatMap(({ takes }) => [...takes.keys()]));
  return members.map((one) => {
    const drops = freed.has(one.peer) || stops.some(({ pinnedBy }) =>
      pinnedBy.includes(one.peer)
    ) ||
      one.targets.some(({ name }) => waiting.includes(name));
    const targets = drops ? one.targets.filter(({ name }) => !gone.has(name)) : one.targets;
    return {
      ...one,
      wanted: one.wanted.filter((name) => !gone.has(name)),
      instances: one.instances.filter(({ model }) => !isStopped(one.peer, model.name)),
      reservations: one.reservations.filter(({ model }) =>
        !stops.some((stop) => stop.model.name === model.name && stop.takes.has(one.peer))
      ),
      targets,
      refuses: drops ? [...one.refuses, ...gone] : one.refuses,
      assignable: one.assignable || targets.length === 0,
      claims: [],
      obeys: freed.has(one.peer) ? [] : one.obeys,
    };
  });
}

const RUNS = draws(700, "MESH_LLM_FIT_RUNS");

Deno.test("a model that is said to fit now is served, and one that does not is not, whoever asks for it", () => {
  const seen = { now: 0, after: 0, none: 0 };
  fc.assert(
    fc.property(machines, SIZES, (fleet, sizes) => {
      const members = settledFleet(fleet, sizes);
      const [self] = members as [Member];
      if (serves(members, "x")) return;
      // A model that waits keeps helpers that can't help it, where they speak another protocol than its host.
      const isAlike = fleet.every(({ protocol }) => protocol === fleet[0]?.protocol);
      const waits = members.some(({ instances }) =>
        instances.some((one) => one.state === "waiting")
      );
      if (waits && !isAlike) return;
      const view = { self: self.peer, members: members.map(announcedMember) };
      const isHere = self.models.some(({ name }) => name === "x");
      const fit = fitJudge(view)({ ...X, sizeBytes: sizes.x * 1e6, source: "none" }, AUTO_SHAPE);
      if (fit.kind === "none") {
        seen.none++;
        assert.ok(!serves(asked(members, "wanted"), "x"), "said to fit nowhere");
        if (isHere) assert.ok(!serves(asked(members, "here"), "x"), "said to fit nowhere");
      } else if (fit.stops.length === 0) {
        seen.now++;
        // Its user may have it served here all the same, and then others make room for it.
        const how = isHere && fit.nodes.some(({ id }) => id === self.peer) ? "here" : "wanted";
        // Those whose users want it are in its split whether that helps or not: then it is served where it is only wanted.
        const first = asked(members, how);
        const after = serves(first, "x") ? first : asked(members, "wanted");
        assert.ok(serves(after, "x"), `said to fit now, ${how}`);
        // A model that its user serves here comes before the others of its user, and has its memory first.
        const kept = how === "here" ? [] : members.flatMap((one) => one.wanted);
        for (const name of kept.filter((one) => serves(members, one))) {
          assert.ok(serves(after, name), `${name} need not stop`);
        }
        // Another copy of what has stopped takes the GPUs that are free then.
      } else if (isAlike && fit.stops.every(({ isSpare }) => !isSpare)) {
        seen.after++;
        const left = afterStops(members, fit);
        assert.ok(
          serves(asked(left, "wanted"), "x") || isHere && serves(asked(left, "here"), "x"),
          "said to fit once these have stopped",
        );
      }
    }),
    RUNS,
  );
  assert.ok(Math.min(...Object.values(seen)) > RUNS.numRuns / 500, JSON.stringify(seen));
});
