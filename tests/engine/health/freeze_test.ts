import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BLOCKED_PATIENCE_MS,
  CHECK_INTERVAL_MS,
  DOUBT_INTERVAL_MS,
  SILENT_PATIENCE_MS,
  STOPPED_PATIENCE_MS,
} from "../../../src/engine/base/defaults.ts";
import {
  isWorthAsking,
  type Sample,
  UNWATCHED,
  type Watched,
  watched,
} from "../../../src/engine/health/freeze.ts";

const WELL: Sample = { atMs: 0, activity: "waiting", work: 100, silent: false, ready: true };

/** Samples of the same kind, as far apart as they are. @param work how much is done between two of them. */
function samples(sample: Partial<Sample>, count: number, work = 0): Watched {
  let watch = watched(UNWATCHED, WELL);
  for (let index = 1; index <= count && watch.frozen === null; index++) {
    const pauseMs = watch.doubt === null ? CHECK_INTERVAL_MS : DOUBT_INTERVAL_MS;
    const last = watch.last!;
    watch = watched(watch, {
      ...WELL,
      ...sample,
      atMs: last.atMs + pauseMs,
      work: last.work + work,
    });
  }
  return watch;
}

const MANY = 1_000;

for (
  const { name, sample, work = 0, reason, withinMs = Infinity } of [
    {
      name: "stopped by a signal",
      sample: { activity: "stopped", silent: true },
      reason: /signal/,
      withinMs: CHECK_INTERVAL_MS + STOPPED_PATIENCE_MS,
    },
    {
      name: "stopped while it loads",
      sample: { activity: "stopped", silent: true, ready: false },
      reason: /signal/,
      withinMs: CHECK_INTERVAL_MS + STOPPED_PATIENCE_MS,
    },
    {
      name: "an rpc-server that is stopped and can't be asked",
      sample: { activity: "stopped" },
      reason: /signal/,
      withinMs: CHECK_INTERVAL_MS + STOPPED_PATIENCE_MS,
    },
    { name: "traced", sample: { activity: "stopped" }, work: 1, reason: null },
    {
      name: "silent and idle",
      sample: { silent: true },
      reason: /neither answers nor computes/,
      withinMs: CHECK_INTERVAL_MS + SILENT_PATIENCE_MS,
    },
    {
      name: "silent while it loads, and idle",
      sample: { silent: true, ready: false },
      reason: /neither/,
    },
    { name: "silent and busy", sample: { silent: true }, work: 1, reason: null },
    {
      name: "silent and waiting for the CPU",
      sample: { silent: true, activity: "running" },
      reason: null,
    },
    {
      name: "blocked in a driver",
      sample: { activity: "blocked" },
      reason: /a disk or a driver/,
      withinMs: CHECK_INTERVAL_MS + BLOCKED_PATIENCE_MS,
    },
    {
      name: "blocked in a driver, and busy with these samples",
      sample: { activity: "blocked" },
      work: 0.1,
      reason: /a disk or a driver/,
    },
    {
      name: "getting pages from a slow disk",
      sample: { activity: "blocked" },
      work: 1,
      reason: null,
    },
    {
      name: "loading from a disk that hangs",
      sample: { activity: "blocked", ready: false },
      reason: null,
    },
    { name: "idle", sample: {}, reason: null },
    { name: "reading a long prompt", sample: { activity: "running" }, work: 50, reason: null },
    {
      name: "waiting for a worker's token",
      sample: { activity: "waiting" },
      work: 0,
      reason: null,
    },
  ] as readonly {
    name: string;
    sample: Partial<Sample>;
    work?: number;
    reason: RegExp | null;
    withinMs?: number;
  }[]
) {
  Deno.test(`watched(): a server that is ${name} is ${reason === null ? "alive" : "frozen"}`, () => {
    const { frozen, last } = samples(sample, MANY, work);
    if (reason === null) return assert.equal(frozen, null);
    assert.match(frozen ?? "", reason);
    assert.ok(last!.atMs <= withinMs, `after ${last!.atMs} ms`);
    assert.equal(samples(sample, 1, work).frozen, null, "not at the first sign");
  });
}

Deno.test("watched() doubts no more once a server goes on", () => {
  const doubted = samples({ activity: "stopped" }, 3);
  assert.notEqual(doubted.doubt, null);
  const well = watched(doubted, { ...WELL, atMs: doubted.last!.atMs + DOUBT_INTERVAL_MS });
  assert.equal(well.doubt, null);
});

Deno.test("watched() begins anew after a machine's sleep", () => {
  const doubted = samples({ activity: "stopped" }, 2);
  const atMs = doubted.last!.atMs + 60_000;
  const awake = watched(doubted, { ...WELL, activity: "stopped", atMs });
  assert.equal(awake.frozen, null);
  assert.equal(awake.doubt?.atMs, atMs);
});

/** How long after the one before, and what was done meanwhile. */
const steps = fc.array(
  fc.record({
    pauseMs: fc.constantFrom(CHECK_INTERVAL_MS, DOUBT_INTERVAL_MS, 60_000),
    done: fc.nat(3),
    activity: fc.constantFrom<Sample["activity"]>("stopped", "blocked", "running", "waiting"),
    silent: fc.boolean(),
    ready: fc.boolean(),
  }),
  { minLength: 1 },
);

Deno.test("isWorthAsking(): of a server that need not be asked the answer changes nothing", () => {
  fc.assert(fc.property(steps, (all) => {
    let [watch, atMs, work] = [UNWATCHED, 0, 0];
    for (const { pauseMs, done, ...found } of all) {
      const sample = { ...found, atMs: atMs += pauseMs, work: work += done };
      const verdicts = [true, false].map((silent) => watched(watch, { ...sample, silent }));
      const [one, other] = verdicts.map(({ doubt, frozen }) => ({
        isDoubted: doubt !== null,
        frozen,
      }));
      if (!isWorthAsking(sample, watch)) assert.deepEqual(one, other);
      watch = watched(watch, sample);
    }
  }));
});

Deno.test("isWorthAsking(): a server that works is not asked, and one that does nothing is", () => {
  const watch = watched(UNWATCHED, WELL);
  assert.equal(isWorthAsking({ activity: "waiting", work: WELL.work + 1 }, watch), false);
  assert.equal(isWorthAsking({ activity: "waiting", work: WELL.work }, watch), true);
});
