import assert from "node:assert/strict";
import { KeyGrants } from "../../../src/node/ends/grant_gate.ts";

const GRANT = { key: "team-a", models: ["guide"], requestsPerMinute: 2, tokensPerMinute: 100 };

Deno.test("KeyGrants refuses a model that the key may not use", async () => {
  const gate = new KeyGrants(() => 0);
  const { refused } = gate.admit(GRANT, "large");
  assert.equal(refused?.status, 403);
  assert.match((await refused.json()).error.message, /key team-a .*'large'/);
  assert.equal(gate.admit({ ...GRANT, models: null }, "large").refused, null);
});

Deno.test("KeyGrants holds what several nodes ask under one name to its limits", async () => {
  let nowMs = 0;
  const gate = new KeyGrants(() => nowMs);
  const first = gate.admit(GRANT, "guide");
  assert.ok(first.refused === null);
  first.passed(new TextEncoder().encode('{"usage":{"completion_tokens":90,"prompt_tokens":20}}'));
  first.ended();
  const { refused } = gate.admit(GRANT, "guide");
  assert.equal(refused?.status, 429);
  assert.equal(refused.headers.get("retry-after"), "7");
  assert.equal((await refused.json()).error.code, "rate_limit_exceeded");
  nowMs += 7_000;
  assert.equal(gate.admit(GRANT, "guide").refused, null);
});
