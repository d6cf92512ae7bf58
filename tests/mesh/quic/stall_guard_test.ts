import assert from "node:assert/strict";
import { dropTime, StallGuard } from "../../../src/mesh/quic/stall_guard.ts";

const LIMITS = { maxStalled: 2, stalledMs: 1_000 };

Deno.test("dropTime() spares everybody while there is room", () => {
  assert.equal(dropTime(new Map(), LIMITS), undefined);
  assert.equal(dropTime(new Map([["a", 0], ["b", 0]]), LIMITS), undefined);
});

Deno.test("dropTime() counts from when there were too many", () => {
  const stalled = new Map([["a", 100], ["b", 200], ["c", 300], ["d", 400]]);
  assert.equal(dropTime(stalled, LIMITS), 1_300);
});

/** A guard, and whom it drops first. */
function startGuard(maxStalled: number) {
  const dropped = Promise.withResolvers<string>();
  const guard = new StallGuard<string>({
    maxStalled,
    stalledMs: 5,
    elapsed: () => performance.now(),
    drop: dropped.resolve,
  });
  return { guard, dropped: dropped.promise };
}

Deno.test("the longest stalled goes, and only it", async () => {
  const { guard, dropped } = startGuard(2);
  for (const name of ["a", "b", "c"]) guard.add(name);
  assert.equal(await dropped, "a");
});

Deno.test("a peer that reads again is not among the stalled", async () => {
  const { guard, dropped } = startGuard(1);
  guard.add("a");
  guard.add("b");
  guard.delete("a");
  guard.add("c");
  assert.equal(await dropped, "b");
});

Deno.test("a guard that is cleared leaves no timer", () => {
  const { guard } = startGuard(0);
  guard.add("a");
  guard.clear();
});
