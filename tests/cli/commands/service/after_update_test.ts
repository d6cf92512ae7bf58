import assert from "node:assert/strict";
import { isBehind, outcomeFor } from "../../../../src/cli/commands/service/after_update.ts";

const [running, starting] = ["running", "starting"] as const;

const outcomes = [
  [running, { system: false, stays: false, isRoot: false }, "restarted"],
  [running, { system: false, stays: false, isRoot: true }, "restarted"],
  [starting, { system: false, stays: false, isRoot: false }, "restarted"],
  [running, { system: true, stays: false, isRoot: true }, "restarted"],
  [running, { system: true, stays: false, isRoot: false }, "by-root"],
  [running, { system: true, stays: true, isRoot: false }, "by-root"],
  [running, { system: false, stays: true, isRoot: false }, "left"],
  [running, { system: true, stays: true, isRoot: true }, "left"],
  // The next node of these has the new version in any case.
  ...(["stopping", "restarting", "failed", "stopped", null] as const).map((state) =>
    [state, { system: false, stays: false, isRoot: false }, null] as const
  ),
] as const;

for (const [state, { system, ...how }, expected] of outcomes) {
  const given = JSON.stringify({ state, system, ...how });
  Deno.test(`outcomeFor() of ${given} is ${expected}`, () => {
    assert.equal(outcomeFor({ state, system }, how), expected);
  });
}

Deno.test("isBehind() finds the node that an update before has left with its version", () => {
  const [updated, already] = [{ from: "0.1.0", to: "0.2.0" }, { from: "0.2.0", to: "0.2.0" }];
  assert.ok(isBehind("0.1.0", updated));
  assert.ok(isBehind(null, updated));
  assert.ok(isBehind("0.1.0", already));
  assert.ok(!isBehind("0.2.0", already));
  // It can't be asked, and nothing was changed.
  assert.ok(!isBehind(null, already));
});
