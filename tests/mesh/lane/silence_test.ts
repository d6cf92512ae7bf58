import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_SILENT_TURNS, MAX_STRIKES } from "../../../src/mesh/lane/defaults.ts";
import { judged, NO_SILENCE, type Turn } from "../../../src/mesh/lane/silence.ts";

const turn = fc.record<Turn>({
  hasHeard: fc.boolean(),
  isReading: fc.boolean(),
  isAnswered: fc.boolean(),
});

/** The turn of a row in which the lane breaks, or the last. */
function endOf(turns: readonly Turn[]): { readonly turns: number; readonly broken: boolean } {
  let silence = NO_SILENCE;
  for (const [index, one] of turns.entries()) {
    const step = judged(silence, one);
    if (step.then === "break") return { turns: index + 1, broken: true };
    silence = step.silence;
  }
  return { turns: turns.length, broken: false };
}

const silent = { hasHeard: false, isReading: true, isAnswered: false };
const answered = { ...silent, isAnswered: true };
const heard = { ...silent, hasHeard: true };

Deno.test("a lane is broken once its peer has answered over QUIC alone, or has said nothing for long", () => {
  const rows: readonly (readonly [readonly Turn[], number | null])[] = [
    [Array(MAX_STRIKES).fill(answered), MAX_STRIKES],
    [Array(MAX_STRIKES - 1).fill(answered), null],
    [Array(MAX_SILENT_TURNS).fill(silent), MAX_SILENT_TURNS],
    [Array(MAX_SILENT_TURNS - 1).fill(silent), null],
    [[answered, answered, heard, answered, answered], null],
    // Nobody waits for bytes.
    [Array(2 * MAX_SILENT_TURNS).fill({ ...answered, isReading: false }), null],
  ];
  for (const [turns, at] of rows) {
    assert.deepEqual(endOf(turns), { turns: at ?? turns.length, broken: at !== null });
  }
});

Deno.test("whatever comes, no lane breaks in a turn in which it was heard, and none that nobody asks about first", () => {
  fc.assert(fc.property(fc.array(turn, { maxLength: 60 }), (turns) => {
    const { turns: at, broken } = endOf(turns);
    if (!broken) return;
    assert.equal(turns[at - 1]?.hasHeard, false);
    const since = turns.slice(0, at).findLastIndex((one) => one.hasHeard || !one.isReading);
    const row = turns.slice(since + 1, at);
    const strikes = row.filter(({ isAnswered }) => isAnswered).length;
    assert.ok(strikes === MAX_STRIKES || row.length === MAX_SILENT_TURNS);
  }));
});
