import assert from "node:assert/strict";
import fc from "fast-check";
import {
  STANDBY_BACKOFF_MS,
  STANDBY_REFRESH_MAX_MS,
  STANDBY_REFRESH_MIN_MS,
  STANDBY_SETTLE_MS,
  STANDBY_SPREAD_MS,
  UNANSWERED_BEFORE_REJOIN,
} from "../../../src/node/plan/defaults.ts";
import type { Need } from "../../../src/node/standby/needs.ts";
import {
  ARRIVING,
  BEGINNING,
  decideStandby,
  type StandbyFacts,
  type StandbyState,
  type Step,
} from "../../../src/node/standby/standby_policy.ts";

const TIMES = {
  settleMs: STANDBY_SETTLE_MS,
  refreshMinMs: STANDBY_REFRESH_MIN_MS,
  refreshMaxMs: STANDBY_REFRESH_MAX_MS,
  spreadMs: STANDBY_SPREAD_MS,
};
/** Until a node that joins has claimed its model and everybody's table shows it. */
const NEWS_MS = 2_000;
const HOUR_MS = 3_600_000;
const NEED: Need = { model: "qwen", way: "disk" };

const FACTS: StandbyFacts = {
  peer: "self",
  isIdle: true,
  isRoomy: false,
  isSurplus: true,
  needs: [],
  refreshedAtMs: -Infinity,
  unanswered: 0,
};

function decide(standby: StandbyState, facts: Partial<StandbyFacts>, nowMs: number): Step {
  return decideStandby(standby, { ...FACTS, ...facts }, { nowMs, random: 0.5, times: TIMES });
}

/** A random number that a seed repeats: mulberry32. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Walk {
  readonly joins: { readonly peer: number; readonly atMs: number }[];
  readonly refreshes: number;
}

/** Passive standbys that follow what they decide; `needs` is what a table shows that is asked for at a time. */
function walk(
  { standbys, untilMs, seed, needs }: {
    readonly standbys: number;
    readonly untilMs: number;
    readonly seed: number;
    readonly needs: (nowMs: number, joins: Walk["joins"]) => readonly Need[];
  },
): Walk {
  const random = dice(seed);
  const joins: Walk["joins"] = [];
  let refreshes = 0;
  const nodes = Array.from({ length: standbys }, (_, peer) => ({
    peer,
    refreshedAtMs: -Infinity,
    seen: [] as readonly Need[],
    dueMs: 0,
    standby: {
      kind: "passive",
      backoff: new Map(),
      refreshesAtMs: random() * TIMES.refreshMaxMs,
      call: null,
    } as StandbyState,
  }));
  for (;;) {
    const node = nodes.reduce((a, b) => b.dueMs < a.dueMs ? b : a);
    const nowMs = node.dueMs;
    if (nowMs > untilMs) return { joins, refreshes };
    const step = decideStandby(node.standby, {
      ...FACTS,
      peer: `${seed}-${node.peer}`,
      needs: node.seen,
      refreshedAtMs: node.refreshedAtMs,
    }, { nowMs, random: random(), times: TIMES });
    node.standby = step.standby;
    if (step.act === "join") joins.push({ peer: node.peer, atMs: nowMs });
    if (step.act === "refresh") {
      refreshes += 1;
      node.refreshedAtMs = nowMs;
      node.seen = needs(nowMs, joins);
    }
    node.dueMs = step.act === "join" ? nowMs : step.againAtMs ?? Infinity;
  }
}

Deno.test("a node that has just started asks, and joins unless the mesh answers that it is large", () => {
  const asks = decide(ARRIVING, {}, 5);
  assert.equal(asks.act, "refresh");
  assert.equal(decide(asks.standby, { refreshedAtMs: 5, isRoomy: true }, 6).act, "join");
  assert.equal(decide(asks.standby, { refreshedAtMs: 5, unanswered: 1 }, 6).act, "join");
  const stays = decide(asks.standby, { refreshedAtMs: 5 }, 6);
  assert.equal(stays.act, "stay");
  assert.equal(decide(stays.standby, { refreshedAtMs: 5 }, 6).act, "nothing");
});

Deno.test("a node leaves once it was idle and one too many for a while, and not while it has work", () => {
  const waits = decide(BEGINNING, {}, 0);
  assert.equal(waits.act, "nothing");
  const leavesAtMs = waits.againAtMs ?? 0;
  assert.ok(leavesAtMs >= TIMES.settleMs && leavesAtMs <= 2 * TIMES.settleMs);
  assert.equal(decide(waits.standby, {}, leavesAtMs).act, "leave");
  for (const facts of [{ isIdle: false }, { isSurplus: false }]) {
    const stays = decide(waits.standby, facts, leavesAtMs);
    assert.deepEqual([stays.act, stays.againAtMs], ["nothing", null]);
    const again = decide(stays.standby, {}, leavesAtMs);
    assert.equal(again.act, "nothing", "the time begins anew");
  }
});

Deno.test("a standby refreshes its table before it goes, and stays where somebody else has come", () => {
  const passive: StandbyState = {
    kind: "passive",
    backoff: new Map(),
    refreshesAtMs: 10,
    call: null,
  };
  assert.equal(decide(passive, {}, 9).act, "nothing");
  assert.equal(decide(passive, {}, 10).act, "refresh");
  const called = decide(passive, { needs: [NEED], refreshedAtMs: 10 }, 10);
  assert.equal(called.act, "nothing");
  const goesAtMs = called.againAtMs ?? 0;
  const due = decide(called.standby, { needs: [NEED], refreshedAtMs: 10 }, goesAtMs);
  assert.equal(due.act, "refresh");
  const fresh = { refreshedAtMs: goesAtMs };
  assert.equal(decide(due.standby, { ...fresh, needs: [NEED] }, goesAtMs).act, "join");
  assert.equal(decide(due.standby, { ...fresh, needs: [] }, goesAtMs).act, "nothing");
  const unheard = { ...fresh, needs: [NEED], unanswered: 1 };
  assert.equal(decide(due.standby, unheard, goesAtMs).act, "nothing", "nobody has answered");
});

Deno.test("a standby that nobody answers joins, to dial all whom it ever knew", () => {
  const passive: StandbyState = {
    kind: "passive",
    backoff: new Map(),
    refreshesAtMs: 10,
    call: null,
  };
  assert.notEqual(decide(passive, { unanswered: UNANSWERED_BEFORE_REJOIN - 1 }, 5).act, "join");
  assert.equal(decide(passive, { unanswered: UNANSWERED_BEFORE_REJOIN }, 5).act, "join");
});

Deno.test("a standby that was not needed ignores that need, and one that had work may come again", () => {
  const came: StandbyState = { kind: "active", leavesAtMs: 0, cameFor: "qwen", backoff: new Map() };
  const left = decide(came, {}, 1);
  assert.equal(left.act, "leave");
  assert.deepEqual(left.standby.backoff.get("qwen"), { times: 1, untilMs: 1 + STANDBY_BACKOFF_MS });
  const away = decide(left.standby, { needs: [NEED], refreshedAtMs: 2 }, 2).standby;
  assert.ok(away.kind === "passive" && away.call === null);
  const later =
    decide(left.standby, { needs: [NEED], refreshedAtMs: 2 }, 1 + STANDBY_BACKOFF_MS).standby;
  assert.ok(later.kind === "passive" && later.call !== null);
  const again = decide({ ...came, backoff: left.standby.backoff }, {}, 1).standby.backoff.get(
    "qwen",
  );
  assert.deepEqual(again, { times: 2, untilMs: 1 + 2 * STANDBY_BACKOFF_MS });
  const worked = decide({ ...came, backoff: left.standby.backoff }, { isIdle: false }, 1).standby;
  assert.equal(worked.backoff.size, 0);
});

Deno.test("of any number of standbys one comes in time, and a few at most", () => {
  const isServed = (nowMs: number, joins: Walk["joins"]) =>
    joins.some(({ atMs }) => atMs + NEWS_MS <= nowMs);
  for (const standbys of [1, 2, 10, 100, 1_000]) {
    const came = Array.from({ length: 30 }, (_, seed) => {
      const needs = (nowMs: number, joins: Walk["joins"]) => isServed(nowMs, joins) ? [] : [NEED];
      const { joins: [first, ...others] } = walk({ standbys, seed, untilMs: 120_000, needs });
      assert.ok(first !== undefined && first.atMs <= 60_000, "within a heartbeat");
      return 1 + others.length;
    });
    const mean = came.reduce((sum, count) => sum + count, 0) / came.length;
    assert.ok(mean <= 5, `of ${standbys} came ${came}`);
    assert.ok(Math.max(...came) <= 15, `of ${standbys} came ${came}`);
  }
});

Deno.test("without a need nobody comes, and a refresh is all that a standby costs", () => {
  const { joins, refreshes } = walk({
    standbys: 5,
    seed: 1,
    untilMs: 6 * HOUR_MS,
    needs: () => [],
  });
  assert.deepEqual(joins, []);
  assert.ok(refreshes <= 5 * (6 * HOUR_MS / TIMES.refreshMinMs + 1));
});

Deno.test("a need that this node can't fill makes it come ever more rarely", () => {
  const lasting = fc.record({ seed: fc.integer(), hours: fc.integer({ min: 1, max: 12 }) });
  fc.assert(
    fc.property(lasting, ({ seed, hours }) => {
      const { joins } = walk({
        standbys: 3,
        seed,
        untilMs: hours * HOUR_MS,
        needs: () => [NEED],
      });
      const most = Math.max(
        ...[0, 1, 2].map((one) => joins.filter(({ peer }) => peer === one).length),
      );
      // 2, 4, 8, 16, 32 minutes, and then an hour each time.
      assert.ok(most >= 2 && most <= 6 + hours, `${most} times in ${hours} hours`);
    }),
    { numRuns: 20 },
  );
});
