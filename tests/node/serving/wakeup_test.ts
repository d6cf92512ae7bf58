import assert from "node:assert/strict";
import { Wakeup } from "../../../src/node/serving/wakeup.ts";

/** Timers that a test fires. */
function timers() {
  const due = new Map<() => void, number>();
  const after = (delayMs: number, run: () => void) => {
    due.set(run, delayMs);
    return () => void due.delete(run);
  };
  const fire = () => {
    for (const run of [...due.keys()]) {
      due.delete(run);
      run();
    }
  };
  return { due, after, fire };
}

Deno.test("a wakeup that has rung already is not waited for", async () => {
  const { due, after } = timers();
  const wakeup = new Wakeup(after);
  wakeup.ring();
  wakeup.ring();
  await wakeup.rung(5_000);
  assert.equal(due.size, 0, "the pause is called off");
});

Deno.test("a wakeup rings at the end of the pause, at once for one that is over", async () => {
  const { due, after, fire } = timers();
  const wakeup = new Wakeup(after);
  const rung = wakeup.rung(-5);
  assert.deepEqual([...due.values()], [0]);
  fire();
  await rung;
});

Deno.test("many that ring soon ring once", async () => {
  const { due, after, fire } = timers();
  const wakeup = new Wakeup(after);
  const rung = wakeup.rung(null);
  for (let news = 0; news < 3; news++) wakeup.ringWithin(20);
  assert.deepEqual([...due.values()], [20]);
  fire();
  await rung;
  wakeup.ringWithin(20);
  assert.deepEqual([...due.values()], [20]);
});
