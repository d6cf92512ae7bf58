import assert from "node:assert/strict";
import {
  ANSWERS_POLL_MS,
  ANSWERS_WAIT_MS,
  SPLIT_POLL_MS,
} from "../../../../src/cli/commands/service/defaults.ts";
import {
  type NodeLoad,
  untilAnswered,
  waitsFor,
} from "../../../../src/cli/commands/service/until_answered.ts";

const loads: readonly [now: NodeLoad, before: NodeLoad | null, expected: RegExp | null][] = [
  [{ answering: 0, splitBytes: 0 }, null, null],
  [{ answering: 1, splitBytes: 0 }, null, /^Waiting for 1 answer to end$/],
  [{ answering: 3, splitBytes: 9 }, { answering: 3, splitBytes: 9 }, /3 answers/],
  // Whether bytes still come can be told from two looks only.
  [{ answering: 0, splitBytes: 9 }, null, /a split/],
  [{ answering: 0, splitBytes: 9 }, { answering: 0, splitBytes: 8 }, /a split/],
  [{ answering: 0, splitBytes: 9 }, { answering: 1, splitBytes: 9 }, null],
];

for (const [now, before, expected] of loads) {
  const [load, earlier] = [JSON.stringify(now), JSON.stringify(before)];
  Deno.test(`waitsFor() of ${load} after ${earlier} is ${expected}`, () => {
    const found = waitsFor(now, before);
    if (expected === null) assert.equal(found, null);
    else assert.match(found ?? "", expected);
  });
}

/** A node that says one thing after the other, its last one for ever, and a clock that only the waits move. */
function waiting(told: readonly (NodeLoad | null)[], { stopsAfter = Infinity } = {}) {
  const stopping = new AbortController();
  const words: string[] = [];
  const clock = { nowMs: 1_000, looks: 0 };
  const end = untilAnswered({
    look: () => Promise.resolve(told[Math.min(clock.looks++, told.length - 1)]!),
    now: () => clock.nowMs,
    pause: (ms) => {
      clock.nowMs += ms;
      if (clock.looks >= stopsAfter) stopping.abort();
      return Promise.resolve();
    },
    tell: (one) => words.push(one),
    signal: stopping.signal,
  });
  return { end, words, clock };
}

const busy = { answering: 2, splitBytes: 0 };
const idle = { answering: 0, splitBytes: 0 };

Deno.test("untilAnswered() waits for the last answer, and not at all where there is none", async () => {
  const { end, words, clock } = waiting([busy, { ...busy, answering: 1 }, idle]);
  assert.equal(await end, "ended");
  assert.deepEqual(words, ["Waiting for 2 answers to end", "Waiting for 1 answer to end"]);
  assert.equal(clock.nowMs, 1_000 + 2 * ANSWERS_POLL_MS);
  for (const load of [idle, null]) {
    const none = waiting([load]);
    assert.equal(await none.end, "ended");
    assert.deepEqual([none.words, none.clock.nowMs], [[], 1_000]);
  }
});

Deno.test("untilAnswered() looks at a split for as long as one sends something in, also after the last answer", async () => {
  const split = { answering: 0, splitBytes: 9 };
  const { end, clock } = waiting([{ answering: 1, splitBytes: 9 }, split]);
  assert.equal(await end, "ended");
  assert.equal(clock.nowMs, 1_000 + ANSWERS_POLL_MS + SPLIT_POLL_MS);
});

Deno.test("untilAnswered() gives up on a node that is never idle", async () => {
  const { end, clock } = waiting([busy]);
  assert.equal(await end, "late");
  assert.equal(clock.nowMs, 1_000 + ANSWERS_WAIT_MS);
});

Deno.test("untilAnswered() is called off, also at the moment at which the last answer ends", async () => {
  assert.equal(await waiting([busy], { stopsAfter: 2 }).end, "stopped");
  assert.equal(await waiting([busy, idle], { stopsAfter: 1 }).end, "stopped");
});

Deno.test("untilAnswered() goes on where the node is gone", async () => {
  assert.equal(await waiting([busy, null]).end, "ended");
});
