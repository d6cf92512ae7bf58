/** Machines as people have them, and where a model goes on them: GPUs before main memory, one machine before several. */

import assert from "node:assert/strict";
import { AUTO_SHAPE, place, type Placement, planFit } from "../../../src/models/mod.ts";

const GB = 1e9;

/** A machine in GB: its GPUs, and its main memory beside them. */
interface Machine {
  readonly gpu?: number;
  readonly main?: number;
  readonly rttMs?: number;
}

const pools = ({ gpu = 0, main = 0 }: Machine) => ({
  gpuBytes: gpu * GB,
  memoryBytes: (gpu + main) * GB,
});

const LAPTOP = { main: 12 };
const BIG_LAPTOP = { main: 48 };
const OLD_GPU = { gpu: 1.9, main: 48 };
const MID = { gpu: 15, main: 48 };
const SMALL_MAIN = { gpu: 15, main: 6 };
const TWIN = { gpu: 46, main: 96 };
const MAC = { gpu: 24 };
const STUDIO = { gpu: 96 };
const FAR = { gpu: 46, main: 96, rttMs: 200 };

type Row = readonly [
  what: string,
  needGb: number,
  host: Machine,
  others: readonly Machine[],
  /** `gpu`, `all` or `waiting`, then the share of each that takes part in percent. */
  expected: string,
];

const ROWS: readonly Row[] = [
  ["a small model on a laptop", 5, LAPTOP, [], "all"],
  ["a model as large as its GPU", 15, MID, [], "gpu"],
  ["a model larger than the GPU, on GPU and main memory", 24, MID, [], "all"],
  ["a GPU of 2 GB hides no main memory", 24, OLD_GPU, [], "all"],
  ["one that is larger than both", 70, MID, [], "waiting"],
  ["a Mac has one pool", 20, MAC, [], "gpu"],
  ["a Mac has nothing beside it", 26, MAC, [], "waiting"],
  ["GPUs of two machines before main memory of one", 24, MID, [MID], "gpu 50 50"],
  ["a GPU of another machine before the own main memory", 24, MID, [STUDIO], "gpu 14 86"],
  ["the nearest GPUs, and no more than needed", 24, MID, [MID, STUDIO, TWIN], "gpu 50 50"],
  ["a machine without a GPU lends nothing while GPUs do", 24, MID, [BIG_LAPTOP, MID], "gpu 50 50"],
  [
    "a host without a GPU takes no share of what GPUs hold",
    24,
    BIG_LAPTOP,
    [MID, MID],
    "gpu 0 50 50",
  ],
  ["a host without a GPU beside GPUs that do not do", 40, BIG_LAPTOP, [MID], "all"],
  ["GPUs too far away do not count", 24, MID, [FAR], "all"],
  ["GPU and main memory of one before main memory of two", 60, MID, [MID, BIG_LAPTOP], "all"],
  ["GPUs are filled first where several lend all they have", 90, MID, [MID], "all 50 50"],
  ["main memory holds what GPUs do not", 70, MID, [BIG_LAPTOP], "all 61 39"],
  ["a GPU alone is no help to much main memory", 100, BIG_LAPTOP, [SMALL_MAIN], "waiting"],
  ["Macs share", 40, MAC, [MAC], "gpu 50 50"],
  ["a Mac and a laptop", 30, MAC, [LAPTOP], "all 80 20"],
  ["two laptops", 20, LAPTOP, [LAPTOP], "all 50 50"],
  ["a 2 GB GPU and a laptop", 52, OLD_GPU, [LAPTOP], "all 81 19"],
];

for (const [what, needGb, host, others, expected] of ROWS) {
  Deno.test(`place(): ${what}`, () => {
    const placement = place({
      needBytes: needGb * GB,
      host: pools(host),
      candidates: others.map((one, index) => ({
        peer: `p${index}`,
        ...pools(one),
        rttMs: one.rttMs ?? 1,
      })),
      force: false,
      rttLimitMs: 80,
      tensorSplit: null,
    });
    assert.equal(described(placement), expected);
  });
}

function described(placement: Placement): string {
  switch (placement.kind) {
    case "waiting":
      return "waiting";
    case "solo":
      return placement.memory;
    case "split": {
      const shares = [placement.hostShare, ...placement.workers.map(({ share }) => share)];
      return [placement.memory, ...shares.map((share) => Math.round(share * 100))].join(" ");
    }
  }
}

Deno.test("place() lets its user's shares replace what needs several, or main memory beside a GPU", () => {
  const input = { needBytes: 24 * GB, force: false, rttLimitMs: 80, tensorSplit: [1, 1] };
  const other = { peer: "p0", ...pools(BIG_LAPTOP), rttMs: 1 };
  assert.equal(described(place({ ...input, host: pools(MID), candidates: [other] })), "all 50 50");
  assert.equal(described(place({ ...input, host: pools(STUDIO), candidates: [other] })), "gpu");
  assert.equal(described(place({ ...input, host: pools(BIG_LAPTOP), candidates: [other] })), "all");
});

Deno.test("place() takes everybody where a split is forced, each with all its memory unless all have GPUs", () => {
  const input = {
    needBytes: 10 * GB,
    host: pools(MID),
    force: true,
    rttLimitMs: 80,
    tensorSplit: null,
  };
  const lend = (...others: Machine[]) =>
    described(
      place({
        ...input,
        candidates: others.map((one, index) => ({ peer: `p${index}`, ...pools(one), rttMs: 1 })),
      }),
    );
  assert.equal(lend(), "gpu");
  assert.equal(lend(MID), "gpu 50 50");
  assert.equal(lend({ main: 63 }), "all 50 50");
});

const FITS: readonly (readonly [
  what: string,
  needGb: number,
  self: Machine | null,
  others: readonly Machine[],
  expected: string,
])[] = [
  ["this machine's GPU", 11, MID, [STUDIO], "solo gpu self"],
  ["another machine's GPU before the own main memory", 22, MID, [MAC, STUDIO], "solo gpu p0"],
  ["GPUs of two before main memory of one", 33, MID, [MAC], "split gpu p0 self"],
  ["main memory of this machine", 33, MID, [LAPTOP], "solo all self"],
  ["main memory of another", 33, LAPTOP, [MID], "solo all p0"],
  ["all that two have", 66, MID, [LAPTOP], "split all self p0"],
  ["nothing", 99, MID, [LAPTOP], "none"],
  ["a client counts the others", 22, null, [LAPTOP, MID], "solo all p1"],
];

for (const [what, needGb, self, others, expected] of FITS) {
  Deno.test(`planFit(): ${what}`, () => {
    const mesh = {
      self: self && { id: "self", ...pools(self), rttMs: 0 },
      others: others.map((one, index) => ({ id: `p${index}`, ...pools(one), rttMs: 1 })),
      rttLimitMs: 80,
    };
    const fit = planFit({ sizeBytes: needGb * GB / 1.1 }, mesh, AUTO_SHAPE);
    const placed = [fit.kind, fit.memory, ...fit.nodes.map(({ id }) => id)];
    assert.equal(placed.filter((part) => part !== null).join(" "), expected);
  });
}

/** Files of models that people run, in GB. */
const MODELS = {
  "the guide": { sizeBytes: 2e6 },
  "8B, dense": { sizeBytes: 4.9 * GB },
  "8B with a projector": { sizeBytes: 4.9 * GB, projector: { sizeBytes: 0.9 * GB } },
  "30B, a mixture": { sizeBytes: 18.6 * GB },
  "70B, dense": { sizeBytes: 42.5 * GB },
};

/** Machines as they are bought, with what they offer; `both` is GPU and main memory, `-` fits nowhere. */
const BOUGHT: readonly (readonly [machine: string, Machine, ...where: string[]])[] = [
  ["laptop, 8 GB", { main: 5 }, "main", "-", "-", "-", "-"],
  ["laptop, 16 GB", { main: 12 }, "main", "main", "main", "-", "-"],
  ["server, 64 GB", { main: 48 }, "main", "main", "main", "main", "main"],
  ["desktop, 64 GB and a card of 2 GB", OLD_GPU, "gpu", "both", "both", "both", "both"],
  ["desktop, 64 GB and a card of 16 GB", MID, "gpu", "gpu", "gpu", "both", "both"],
  ["desktop, 16 GB and a card of 8 GB", { gpu: 7.5, main: 10 }, "gpu", "gpu", "gpu", "-", "-"],
  ["desktop, 128 GB and two cards of 24 GB", TWIN, "gpu", "gpu", "gpu", "gpu", "both"],
  ["card that is in use by others", { gpu: 0, main: 48 }, "main", "main", "main", "main", "main"],
  ["Mac, 16 GB", { gpu: 12 }, "gpu", "gpu", "gpu", "-", "-"],
  ["Mac, 64 GB", { gpu: 48 }, "gpu", "gpu", "gpu", "gpu", "gpu"],
  ["machine with shared memory, 128 GB", STUDIO, "gpu", "gpu", "gpu", "gpu", "gpu"],
];

for (const [name, machine, ...where] of BOUGHT) {
  for (const [index, [what, model]] of Object.entries(MODELS).entries()) {
    Deno.test(`planFit(): ${what} on a ${name}: ${where[index]}`, () => {
      const self = { id: "self", ...pools(machine), rttMs: 0 };
      const { memory } = planFit(model, { self, others: [], rttLimitMs: 80 }, AUTO_SHAPE);
      const place = memory === "all" ? self.gpuBytes > 0 ? "both" : "main" : memory ?? "-";
      assert.equal(place, where[index]);
    });
  }
}
