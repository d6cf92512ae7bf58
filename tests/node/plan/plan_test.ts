import assert from "node:assert/strict";
import { type Plan, planKey } from "../../../src/node/plan/plan.ts";
import { SMALL } from "../members.ts";

Deno.test("planKey() tells plans apart by what would run", () => {
  const solo: Plan = { kind: "solo", model: SMALL, needBytes: 10 };
  assert.equal(planKey(solo), planKey({ ...solo, needBytes: 20 }));
  assert.notEqual(planKey(solo), planKey({ kind: "standby" }));
});
