import assert from "node:assert/strict";
import fc from "fast-check";
import { takeStock } from "../../../src/node/plan/assignment/stock.ts";
import { TURN_MS, UNASKED_MS, YIELD_IDLE_MS } from "../../../src/node/plan/defaults.ts";
import { gapsAmong, hasHadTurn, turnsAt } from "../../../src/node/plan/turns.ts";
import { BIG, instance, member, SMALL } from "../members.ts";

const duration = fc.nat(100_000);

Deno.test("hasHadTurn() is about how long a model answers, and whether anybody asks for it", () => {
  const table: [what: string, served: Parameters<typeof hasHadTurn>[0], expected: boolean][] = [
    ["it does not answer", { warmMs: null, loadMs: 0, idleMs: null }, true],
    ["it answers, in its turn", { warmMs: TURN_MS - 1, loadMs: 10, idleMs: null }, false],
    ["it answers, and its turn is over", { warmMs: TURN_MS, loadMs: 10, idleMs: null }, true],
    ["it took longer to load", { warmMs: TURN_MS, loadMs: TURN_MS + 1, idleMs: null }, false],
    ["its caller may ask again", { warmMs: 5_000, loadMs: 0, idleMs: YIELD_IDLE_MS - 1 }, false],
    ["nobody asks again", { warmMs: 5_000, loadMs: 0, idleMs: YIELD_IDLE_MS }, true],
    ["asked long before it was loaded", { warmMs: 10, loadMs: 0, idleMs: 60_000 }, false],
    ["never asked", { warmMs: UNASKED_MS, loadMs: 0, idleMs: Infinity }, true],
  ];
  for (const [what, served, expected] of table) assert.equal(hasHadTurn(served), expected, what);
});

Deno.test("hasHadTurn() gives each model a turn, and takes it from none that was given one", () => {
  fc.assert(fc.property(duration, duration, fc.option(duration), (warmMs, loadMs, idleMs) => {
    const over = Math.max(TURN_MS, loadMs);
    assert.ok(hasHadTurn({ warmMs: warmMs + over, loadMs, idleMs }));
    if (warmMs < Math.min(over, YIELD_IDLE_MS)) {
      assert.ok(!hasHadTurn({ warmMs, loadMs, idleMs }), "its callers can't have come yet");
    }
  }));
});

Deno.test("turnsAt() names what a member loads once what nobody insists on has ended", () => {
  const held = { holds: [BIG, SMALL], assignable: true };
  const asker = member("z", 0, { wanted: ["small"] });
  const turns = (self: ReturnType<typeof member>) => turnsAt(self, takeStock([self, asker]));
  const running = member("a", 105, { ...held, instances: [instance(BIG, "warm")] });
  assert.deepEqual(turns(running), ["small"], "nobody wants what runs");
  assert.deepEqual(turns({ ...running, wanted: ["big"] }), [], "somebody wants it to stay");
  assert.deepEqual(turns({ ...running, assignable: false }), [], "its user wants it to stay");
  assert.deepEqual(turns({ ...running, memoryBytes: 200 }), [], "there is room now");
  assert.deepEqual(turns({ ...running, refuses: ["small"] }), [], "its user will not have it");
  const failures = [{ model: "small", reason: "no" }];
  assert.deepEqual(turns({ ...running, failures }), [], "it can't be loaded there");
  const loading = { ...running, instances: [instance(BIG, "loading")], wanted: ["big"] };
  assert.deepEqual(turns(loading), [], "somebody waits for what loads");
  const claimed = { ...loading, claims: [{ model: "big", reason: "unserved" as const }] };
  assert.deepEqual(turns(claimed), ["small"], "... until it answers");
});

Deno.test("gapsAmong() counts from when a model was first missed", () => {
  const asker = member("z", 0, { wanted: ["small", "big"] });
  const first = gapsAmong([asker], new Map(), 5);
  assert.deepEqual([...first], [["small", 5], ["big", 5]]);
  const host = member("a", 100, { instances: [instance(BIG, "loading")] });
  assert.deepEqual([...gapsAmong([asker, host], first, 9)], [["small", 5]]);
  assert.deepEqual([...gapsAmong([asker], new Map([["small", 5]]), 9)], [["small", 5], ["big", 9]]);
});
