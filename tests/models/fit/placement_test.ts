import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type MemoryPools,
  place,
  type Placement,
  type PlacementInput,
} from "../../../src/models/mod.ts";

const BASE: PlacementInput = {
  needBytes: 100,
  host: { gpuBytes: 0, memoryBytes: 60 },
  candidates: [],
  force: false,
  rttLimitMs: 80,
  tensorSplit: null,
};

const near = { peer: "near", gpuBytes: 0, memoryBytes: 30, rttMs: 1 };
const middle = { peer: "middle", gpuBytes: 0, memoryBytes: 60, rttMs: 20 };
const far = { peer: "far", gpuBytes: 0, memoryBytes: 500, rttMs: 81 };
const unmeasured = { peer: "unmeasured", gpuBytes: 0, memoryBytes: 500, rttMs: undefined };

function split(
  hostShare: number,
  haveBytes: number,
  shares: Readonly<Record<string, number>>,
): Placement {
  const workers = Object.entries(shares).map(([peer, share]) => ({ peer, share }));
  return { kind: "split", memory: "all", hostShare, workers, haveBytes };
}

const CASES: readonly (readonly [fact: string, input: Partial<PlacementInput>, Placement])[] = [
  ["a host that fits the model runs it alone", { needBytes: 60, candidates: [near] }, {
    kind: "solo",
    memory: "all",
  }],
  ["a forced split without workers runs alone", { needBytes: 60, force: true }, {
    kind: "solo",
    memory: "all",
  }],
  [
    "a forced split whose only candidate is too far runs alone",
    { needBytes: 60, force: true, candidates: [far] },
    { kind: "solo", memory: "all" },
  ],
  ["a host that is too small waits", {}, { kind: "waiting", needBytes: 100, haveBytes: 60 }],
  [
    "what is missing is told with everybody near enough counted",
    { needBytes: 1000, candidates: [near, middle, far] },
    { kind: "waiting", needBytes: 1000, haveBytes: 150 },
  ],
  [
    "a forced split that lacks memory waits",
    { needBytes: 100, force: true, candidates: [near] },
    { kind: "waiting", needBytes: 100, haveBytes: 90 },
  ],
  [
    "no more members than needed, the nearest first",
    { needBytes: 90, candidates: [middle, near] },
    split(60 / 90, 90, { near: 30 / 90 }),
  ],
  [
    "an unmeasured round trip counts as the worst that is allowed",
    { needBytes: 130, candidates: [unmeasured, middle, near] },
    split(60 / 150, 150, { near: 30 / 150, middle: 60 / 150 }),
  ],
  [
    "an unmeasured member is taken when it is needed",
    { needBytes: 400, candidates: [unmeasured] },
    split(60 / 560, 560, { unmeasured: 500 / 560 }),
  ],
  [
    "a forced split takes everybody near enough",
    { needBytes: 10, force: true, candidates: [far, middle, near] },
    split(60 / 150, 150, { near: 30 / 150, middle: 60 / 150 }),
  ],
  [
    "a member without memory is no help",
    { needBytes: 10, force: true, candidates: [{ ...near, memoryBytes: 0 }, middle] },
    split(0.5, 120, { middle: 0.5 }),
  ],
  [
    "equal round trips go by peer",
    { needBytes: 80, candidates: [{ ...near, peer: "b" }, { ...near, peer: "a" }] },
    split(60 / 90, 90, { a: 30 / 90 }),
  ],
  [
    "given shares replace those by memory",
    { needBytes: 10, force: true, candidates: [near, middle], tensorSplit: [2, 1, 1] },
    split(0.5, 150, { near: 0.25, middle: 0.25 }),
  ],
  [
    "given shares take as many members as they name",
    { needBytes: 90, candidates: [middle, near], tensorSplit: [2, 1, 1] },
    split(0.5, 150, { near: 0.25, middle: 0.25 }),
  ],
  [
    "shares for more members than there are do not count",
    { needBytes: 90, candidates: [near, far], tensorSplit: [3, 1, 7] },
    split(60 / 90, 90, { near: 30 / 90 }),
  ],
  [
    "shares for members that lack memory do not count",
    { needBytes: 130, candidates: [near, middle], tensorSplit: [3, 1] },
    split(60 / 150, 150, { near: 30 / 150, middle: 60 / 150 }),
  ],
  [
    "a member without a given share takes no part",
    { needBytes: 10, force: true, candidates: [near, middle], tensorSplit: [3, 1] },
    split(0.75, 90, { near: 0.25 }),
  ],
  [
    "a given share of 0 leaves its member out",
    { needBytes: 10, force: true, candidates: [near, middle], tensorSplit: [0, 0, 1] },
    split(0, 60, { middle: 1 }),
  ],
  [
    "given shares for the host only leave it alone",
    { needBytes: 10, force: true, candidates: [near], tensorSplit: [1, 0] },
    { kind: "solo", memory: "all" },
  ],
];

for (const [fact, input, expected] of CASES) {
  Deno.test(`place(): ${fact}`, () => {
    assert.deepEqual(place({ ...BASE, ...input }), expected);
  });
}

/** Machines with a GPU, without main memory to offer, and without a GPU. */
function pools(max: number): fc.Arbitrary<MemoryPools> {
  return fc.tuple(fc.oneof(fc.constant(0), fc.nat(max)), fc.nat(max)).map(([gpuBytes, main]) => ({
    gpuBytes,
    memoryBytes: gpuBytes + main,
  }));
}

const candidates = fc.uniqueArray(
  fc.record({
    peer: fc.string({ minLength: 1, maxLength: 4 }),
    pools: pools(100),
    rttMs: fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined }),
  }),
  { selector: (candidate) => candidate.peer, maxLength: 8 },
).map((all) => all.map(({ pools, ...one }) => ({ ...one, ...pools })));

const inputs: fc.Arbitrary<PlacementInput> = fc.record({
  needBytes: fc.nat(400),
  host: pools(200),
  candidates,
  force: fc.boolean(),
  rttLimitMs: fc.constant(80),
  tensorSplit: fc.option(
    fc.tuple(fc.nat(9), fc.array(fc.nat(9), { maxLength: 9 })).map((
      [host, rest],
    ) => [host, ...rest]),
  ),
});

Deno.test("place() gives shares that sum to 1 and members that hold the model", () => {
  fc.assert(fc.property(inputs, (input) => {
    const placement = place(input);
    if (placement.kind !== "split") return;
    const sum = placement.workers.reduce((total, { share }) => total + share, placement.hostShare);
    assert.ok(Math.abs(sum - 1) < 1e-9);
    assert.ok(placement.workers.every(({ share }) => share > 0));
    assert.ok(placement.haveBytes >= input.needBytes);
  }));
});

Deno.test("place() gives no machine more than it has, and main memory nothing while there is room on GPUs", () => {
  fc.assert(fc.property(inputs, (input) => {
    const placement = place({ ...input, force: false, tensorSplit: null });
    if (placement.kind !== "split") return;
    const members = placement.workers.map(({ peer, share }) => ({
      ...input.candidates.find((one) => one.peer === peer)!,
      share,
    }));
    for (const one of [{ ...input.host, share: placement.hostShare }, ...members]) {
      const bytes = one.share * input.needBytes;
      assert.ok(bytes <= one.memoryBytes + 1e-6);
      if (placement.memory === "gpu") assert.ok(bytes <= one.gpuBytes + 1e-6);
      else assert.ok(bytes >= one.gpuBytes - 1e-6);
    }
  }));
});

Deno.test("place() takes main memory only where the GPUs that are near enough do not do", () => {
  fc.assert(fc.property(inputs, (input) => {
    const placement = place({ ...input, force: false, tensorSplit: null });
    if (placement.kind === "waiting") return;
    const onGpus = input.candidates
      .filter(({ rttMs }) => (rttMs ?? 0) <= 80)
      .reduce((sum, { gpuBytes }) => sum + gpuBytes, input.host.gpuBytes);
    assert.equal(placement.memory, onGpus >= input.needBytes ? "gpu" : "all");
  }));
});

Deno.test("place() takes nobody who is not needed, unless it is forced or told its shares", () => {
  fc.assert(fc.property(inputs, (input) => {
    const placement = place({ ...input, force: false, tensorSplit: null });
    if (placement.kind !== "split") return;
    const last = input.candidates.find(({ peer }) => peer === placement.workers.at(-1)?.peer);
    assert.ok(last !== undefined);
    const { gpuBytes, memoryBytes } = last;
    const share = placement.memory === "gpu" ? gpuBytes : memoryBytes;
    assert.ok(placement.haveBytes - share < input.needBytes);
  }));
});

Deno.test("place() does not depend on the order of the candidates", () => {
  fc.assert(fc.property(inputs, fc.infiniteStream(fc.nat()), (input, keys) => {
    const shuffled = input.candidates
      .map((candidate) => ({ candidate, key: keys.next().value ?? 0 }))
      .sort((a, b) => a.key - b.key)
      .map(({ candidate }) => candidate);
    assert.deepEqual(place({ ...input, candidates: shuffled }), place(input));
  }));
});

Deno.test("place() waits only when all who are near enough together are too small", () => {
  fc.assert(fc.property(inputs, (input) => {
    const placement = place({ ...input, tensorSplit: null });
    const together = input.candidates
      .filter(({ rttMs }) => (rttMs ?? 0) <= 80)
      .reduce((sum, { memoryBytes }) => sum + memoryBytes, input.host.memoryBytes);
    assert.equal(placement.kind === "waiting", together < input.needBytes);
  }));
});

Deno.test("place() splits over as many as an announcement can name, the nearest", () => {
  const candidates = Array.from(
    { length: 300 },
    (_, i) => ({ peer: `${i}`, gpuBytes: 0, memoryBytes: 1, rttMs: i / 10 }),
  );
  const placement = place({ ...BASE, candidates, force: true, needBytes: 200 });
  assert.ok(placement.kind === "split");
  assert.deepEqual(
    placement.workers.map(({ peer }) => peer),
    candidates.slice(0, 256).map((c) => c.peer),
  );
});
