import assert from "node:assert/strict";
import { judge, type Outcome } from "./judge.ts";
import { type Actor, type FaultKind, scheduleOf } from "./schedule.ts";

const ACTORS: readonly Actor[] = [
  { name: "a", serves: true, model: "x" },
  { name: "b", serves: true, model: null },
  { name: "c", serves: false, model: null },
];
const OPTIONS = { lengthMs: 120_000, actors: ACTORS, models: ["x", "y"] };

Deno.test("scheduleOf() makes the same of the same seed, and another of another", () => {
  const schedule = scheduleOf({ ...OPTIONS, seed: 7 });
  assert.deepEqual(scheduleOf({ ...OPTIONS, seed: 7 }), schedule);
  assert.notDeepEqual(scheduleOf({ ...OPTIONS, seed: 8 }), schedule);
  assert.ok(schedule.length > 10);
});

Deno.test("scheduleOf() does nothing to a node that something happens to already, and nothing after its end", () => {
  const seen = new Set<FaultKind>();
  for (let seed = 0; seed < 200; seed++) {
    const schedule = scheduleOf({ ...OPTIONS, seed });
    for (const [index, fault] of schedule.entries()) {
      seen.add(fault.kind);
      assert.ok(fault.atMs + fault.forMs < OPTIONS.lengthMs);
      const together = schedule.slice(0, index).filter(({ actor, atMs, forMs }) =>
        (actor === fault.actor || actor === null || fault.actor === null) &&
        atMs + forMs > fault.atMs
      );
      assert.deepEqual(together, []);
      if (fault.actor === "c") assert.match(fault.kind, /^(kill|restart|pause)$/);
      if (fault.actor === "b") assert.doesNotMatch(fault.kind, /^(drop|switch)$/);
      if (fault.kind === "switch") assert.equal(fault.model, "y");
    }
  }
  assert.equal(seen.size, 9, "every kind comes");
  const without = scheduleOf({ ...OPTIONS, seed: 1, lengthMs: 1e7, fillsDisks: false });
  assert.ok(without.every(({ kind }) => kind !== "fill"));
});

const error = (code: string) => JSON.stringify({ error: { message: "why", type: "t", code } });
const answer = (more: Partial<Extract<Outcome, { kind: "answer" }>> = {}): Outcome => ({
  kind: "answer",
  text: "right",
  ends: 1,
  finishReasons: ["stop"],
  ...more,
});

const ROWS: readonly {
  readonly outcome: Outcome;
  readonly entryWasDown?: boolean;
  readonly mayBeMissing?: boolean;
  readonly wrong: RegExp | null;
}[] = [
  { outcome: answer(), wrong: null },
  { outcome: answer({ text: "righ" }), entryWasDown: true, wrong: /a wrong answer/ },
  { outcome: answer({ ends: 0 }), entryWasDown: true, wrong: /0 \[DONE\]/ },
  { outcome: answer({ ends: 2 }), wrong: /2 \[DONE\]/ },
  { outcome: answer({ finishReasons: [] }), wrong: /finished by/ },
  { outcome: { kind: "refused", status: 503, body: error("model_not_ready") }, wrong: null },
  { outcome: { kind: "refused", status: 404, body: error("model_not_found") }, wrong: /404/ },
  {
    outcome: { kind: "refused", status: 404, body: error("model_not_found") },
    mayBeMissing: true,
    wrong: null,
  },
  { outcome: { kind: "refused", status: 500, body: error("internal_error") }, wrong: /500/ },
  { outcome: { kind: "refused", status: 503, body: "busy" }, wrong: /no clear error/ },
  { outcome: { kind: "refused", status: 503, body: '{"error":{}}' }, wrong: /no clear error/ },
  { outcome: { kind: "error-event", data: error("answer_interrupted") }, wrong: null },
  { outcome: { kind: "error-event", data: error("odd") }, wrong: /odd/ },
  { outcome: { kind: "broken", reason: "reset" }, wrong: /reset/ },
  { outcome: { kind: "broken", reason: "reset" }, entryWasDown: true, wrong: null },
  { outcome: { kind: "hangs", afterMs: 5 }, entryWasDown: true, wrong: /hangs/ },
];

for (const { outcome, entryWasDown = false, mayBeMissing = false, wrong } of ROWS) {
  const name = `judge(): ${JSON.stringify(outcome)} ${entryWasDown} ${mayBeMissing}`;
  Deno.test(name, () => {
    const found = judge(outcome, { expected: "right", entryWasDown, mayBeMissing });
    if (wrong === null) assert.equal(found, null);
    else assert.match(found ?? "", wrong);
  });
}
