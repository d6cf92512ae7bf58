import { raceSignal } from "../../src/base/race_signal.ts";
import assert from "node:assert/strict";
import { Deadline } from "../../src/base/deadline.ts";

const never = new Promise<never>(() => {});

Deno.test("a deadline ends what waits for it, with a sentence that names the step", async () => {
  using deadline = Deadline.forStep(1, "The answer");
  await assert.rejects(raceSignal(never, deadline.signal), /The answer took longer than 1 ms/);
});

Deno.test("a deadline carries the error that it is given, when its timer says so", () => {
  let run = () => {};
  const timer = {
    after(_ms: number, late: () => void) {
      run = late;
      return () => {};
    },
  };
  const error = new RangeError("Enough");
  using deadline = new Deadline(60_000, () => error, undefined, timer);
  assert.equal(deadline.signal.aborted, false);
  run();
  assert.equal(deadline.signal.reason, error);
});

Deno.test("a deadline passes on the caller's own signal and its reason", async () => {
  const caller = new AbortController();
  using deadline = Deadline.forStep(60_000, "The answer", caller.signal);
  caller.abort(new Error("Not needed any more"));
  await assert.rejects(raceSignal(never, deadline.signal), /Not needed any more/);
});

Deno.test("a deadline whose scope is over follows nobody", () => {
  const caller = new AbortController();
  const deadline = Deadline.forStep(60_000, "The answer", caller.signal);
  deadline[Symbol.dispose]();
  caller.abort();
  assert.equal(deadline.signal.aborted, false);
});

Deno.test("raceSignal() gives the value, and hands what comes too late to discard", async () => {
  const { signal } = new AbortController();
  assert.equal(await raceSignal(Promise.resolve(7), signal), 7);
  const slow = Promise.withResolvers<string>();
  const late = Promise.withResolvers<string>();
  const aborted = AbortSignal.abort(new Error("Too late"));
  await assert.rejects(raceSignal(slow.promise, aborted, late.resolve), /Too late/);
  slow.resolve("a connection");
  assert.equal(await late.promise, "a connection");
});
