import { AUTO_SHAPE } from "../../../src/models/mod.ts";
import { largestContext } from "../../../src/models/fit/fit.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkpointBytes,
  type FitMesh,
  type ModelHeader,
  needBytes,
  planFit,
} from "../../../src/models/mod.ts";

const GB = 1e9;

function mesh(self: number | null, ...others: [memoryGb: number, rttMs?: number][]): FitMesh {
  return {
    self: self === null ? null : { id: "self", gpuBytes: 0, memoryBytes: self * GB, rttMs: 0 },
    others: others.map(([memoryGb, rttMs], index) => ({
      id: `n${index}`,
      gpuBytes: 0,
      memoryBytes: memoryGb * GB,
      rttMs,
    })),
    rttLimitMs: 80,
  };
}

/** 10 GB, of which 11 are needed. */
const MODEL = { sizeBytes: 10 * GB };

const CASES: readonly (readonly [
  what: string,
  mesh: FitMesh,
  kind: string,
  nodes: readonly string[],
  haveGb: number,
])[] = [
  ["this machine holds it", mesh(12, [64, 1]), "solo", ["self"], 12],
  ["it holds it to the byte", mesh(11), "solo", ["self"], 11],
  ["the smallest other that holds it", mesh(4, [64, 1], [16, 1], [2, 1]), "solo", ["n1"], 16],
  ["just enough share it, the largest first", mesh(4, [6, 1], [6, 2]), "split", [
    "n0",
    "self",
    "n1",
  ], 16],
  ["two are enough", mesh(6, [6, 1], [4, 2]), "split", ["self", "n0"], 12],
  ["who is too far away does not count", mesh(6, [6, 200]), "none", [], 6],
  ["an unmeasured one may share", mesh(6, [6]), "split", ["self", "n0"], 12],
  ["nobody has enough", mesh(4, [3, 1]), "none", [], 7],
  ["a client asks for the mesh", mesh(null, [12, 1]), "solo", ["n0"], 12],
  ["a client without a mesh", mesh(null), "none", [], 0],
];

for (const [what, where, kind, nodes, haveGb] of CASES) {
  Deno.test(`planFit(): ${what}`, () => {
    const fit = planFit(MODEL, where, AUTO_SHAPE);
    assert.deepEqual(
      [fit.kind, fit.nodes.map(({ id }) => id), fit.haveBytes, fit.needBytes],
      [kind, nodes, haveGb * GB, 11 * GB],
    );
    const shares = fit.nodes.reduce((sum, { share }) => sum + share, 0);
    if (kind !== "none") assert.ok(Math.abs(shares - 1) < 1e-9);
  });
}

const HEADER = {
  contextLength: 100_000,
  kvHeads: 64,
  keyLength: 128,
  valueLength: 128,
  slidingWindow: 0,
  slidingKvHeads: 0,
  embeddingLength: 4096,
  feedForwardLength: 8192,
} as ModelHeader;

Deno.test("largestContext() is the largest that fits, up to the trained one", () => {
  const model = { sizeBytes: 5 * GB, header: HEADER };
  fc.assert(fc.property(fc.integer({ min: 1, max: 20 * GB }), (memoryBytes) => {
    const largest = largestContext(model, memoryBytes, 1);
    if (largest === null) return assert.ok(needBytes(model, 256) > memoryBytes);
    assert.ok(needBytes(model, largest) <= memoryBytes);
    assert.ok(largest === 100_000 || needBytes(model, largest + 256) > memoryBytes);
  }));
  assert.equal(largestContext(model, 1e15, 1), 100_000);
  assert.equal(largestContext({ sizeBytes: 1 }, 1e15, 1), null, "nothing is known of its context");
});

Deno.test("planFit() counts the requests at one time that its user has set", () => {
  const model = { sizeBytes: 5 * GB, header: HEADER };
  const fitOf = (slots: number) => planFit(model, mesh(1_000), { contextLength: 4_096, slots });
  assert.equal(fitOf(4).needBytes, needBytes(model, 4_096, 4));
  assert.ok(fitOf(4).needBytes > fitOf(1).needBytes);
  const largest = (slots: number) => largestContext(model, 8 * GB, slots) ?? 0;
  assert.ok(largest(4) < largest(1));
});

Deno.test("needBytes() counts no more than the window for layers that look no further back", () => {
  const half = { ...HEADER, slidingWindow: 1024, slidingKvHeads: 32 };
  const need = (header: ModelHeader, context: number) =>
    needBytes({ sizeBytes: 1, header }, context);
  assert.ok(need(half, 65_536) < 0.6 * need(HEADER, 65_536));
  assert.equal(need(half, 1024), need(HEADER, 1024), "a short context is all in the window");
});

Deno.test("checkpointBytes() counts the layers with a window, and nothing of a model without", () => {
  assert.equal(checkpointBytes(HEADER), 0);
  const half = { ...HEADER, slidingWindow: 1024, slidingKvHeads: 32 };
  assert.equal(checkpointBytes(half), 1024 * 32 * 256 * 2);
});
