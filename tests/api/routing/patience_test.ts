import assert from "node:assert/strict";
import { HOLD_MS, UNCLAIMED_HOLD_MS, WAITING_HOLD_MS } from "../../../src/api/base/defaults.ts";
import type { Obstacle } from "../../../src/api/base/types.ts";
import { patienceMs } from "../../../src/api/routing/patience.ts";

const waiting: Obstacle = { kind: "waiting", model: "m", needBytes: 2, haveBytes: 1 };
const downloading: Obstacle = { kind: "downloading", model: "m", by: "a" };
const unclaimed: Obstacle = { kind: "unclaimed", model: "m" };

Deno.test("a request waits for as long as its obstacle may pass, and one that is half answered as long as any", () => {
  const rows: readonly [Obstacle | undefined, number][] = [
    [undefined, HOLD_MS],
    [waiting, WAITING_HOLD_MS],
    [downloading, WAITING_HOLD_MS],
    [unclaimed, UNCLAIMED_HOLD_MS],
  ];
  for (const [obstacle, expected] of rows) {
    const name = obstacle?.kind ?? "no obstacle";
    const held = { obstacle, holdMs: HOLD_MS };
    assert.equal(patienceMs({ ...held, hasBegun: false }), expected, name);
    assert.equal(patienceMs({ ...held, hasBegun: true }), HOLD_MS, `${name}, half answered`);
    assert.equal(patienceMs({ ...held, hasBegun: false, holdMs: 1 }), 1, `${name}, little time`);
  }
});
