import assert from "node:assert/strict";
import {
  GUESS_PAUSE_MS,
  GUESS_WAIT_MAX_MS,
  GUESSERS_MAX,
  GUESSES_FREE,
} from "../../../src/api/base/defaults.ts";
import { GuessGate } from "../../../src/api/keys/guess_gate.ts";

/** One attempt after another with a wrong key: how many of them were looked at within a time. */
function guesses(gate: GuessGate, caller: string, withinMs: number, everyMs: number): number {
  let looked = 0;
  for (let nowMs = 0; nowMs < withinMs; nowMs += everyMs) {
    const waitMs = gate.enter(caller, nowMs);
    if (waitMs === null) continue;
    gate.failed(caller, nowMs + waitMs);
    looked++;
  }
  return looked;
}

Deno.test("GuessGate looks at few attempts of whoever fails, however fast they come", () => {
  for (const everyMs of [0.1, 1, 100]) {
    const looked = guesses(new GuessGate(), "a", 60_000, everyMs);
    const most = GUESSES_FREE + (60_000 + GUESS_WAIT_MAX_MS) / GUESS_PAUSE_MS + 1;
    assert.ok(looked <= most, `${looked} at one each ${everyMs} ms`);
  }
});

Deno.test("GuessGate lets everybody else in at once, and the same caller after a pause", () => {
  const gate = new GuessGate();
  guesses(gate, "stranger", 60_000, 10);
  assert.equal(gate.enter("owner", 60_000), 0);
  const waitMs = gate.enter("stranger", 60_000 + GUESS_WAIT_MAX_MS);
  assert.ok(waitMs !== null && waitMs <= GUESS_WAIT_MAX_MS);
  gate.succeeded("stranger");
  assert.equal(gate.enter("stranger", 61_000), 0);
});

Deno.test("GuessGate takes a few typing errors without a pause", () => {
  const gate = new GuessGate();
  for (let n = 0; n < GUESSES_FREE; n++) {
    assert.equal(gate.enter("a", n), 0);
    gate.failed("a", n);
  }
  assert.ok(gate.enter("a", GUESSES_FREE)! > 0);
});

Deno.test("GuessGate remembers so many callers, and whoever comes after them waits in one line", () => {
  const gate = new GuessGate();
  for (let n = 0; n < 2 * GUESSERS_MAX; n++) {
    const waitMs = gate.enter(`caller ${n}`, 0);
    if (waitMs !== null) gate.failed(`caller ${n}`, 0);
  }
  const waitMs = gate.enter("yet another", 0);
  assert.ok(waitMs === null || waitMs > 0);
  // Those who have not failed for a while make room.
  assert.equal(gate.enter("late", 60 * 60_000), 0);
});
