import assert from "node:assert/strict";
import type { ModelRef } from "../../../src/mesh/mod.ts";
import { KeyGrants } from "../../../src/node/ends/grant_gate.ts";

const GRANT = { key: "team-a", models: ["guide"], requestsPerMinute: 2, tokensPerMinute: 100 };

function model(name: string, fingerprint = "ab".repeat(32)): ModelRef {
  return { name, fingerprint };
}

Deno.test("KeyGrants tells models of one name apart where the key does", () => {
  const gate = new KeyGrants(() => 0);
  const grant = { ...GRANT, models: ["guide@abababab"], requestsPerMinute: null };
  assert.equal(gate.admit(grant, model("guide")).refused, null);
  assert.equal(gate.admit(grant, model("guide", "cd".repeat(32))).refused?.status, 403);
  const any = { ...grant, models: ["guide"] };
  assert.equal(gate.admit(any, model("guide", "cd".repeat(32))).refused, null);
});

Deno.test("KeyGrants refuses a model that the key may not use", async () => {
  const gate = new KeyGrants(() => 0);
  const { refused } = gate.admit(GRANT, model("large"));
  assert.equal(refused?.status, 403);
  assert.match((await refused.json()).error.message, /key team-a .*'large'/);
  assert.equal(gate.admit({ ...GRANT, models: null }, model("large")).refused, null);
});

Deno.test("KeyGrants holds what several nodes ask under one name to its limits", async () => {
  let nowMs = 0;
  const gate = new KeyGrants(() => nowMs);
  const first = gate.admit(GRANT, model("guide"));
  assert.ok(first.refused === null);
  first.passed(new TextEncoder().encode('{"usage":{"completion_tokens":90,"prompt_tokens":20}}'));
  first.ended();
  const { refused } = gate.admit(GRANT, model("guide"));
  assert.equal(refused?.status, 429);
  assert.equal(refused.headers.get("retry-after"), "7");
  assert.equal((await refused.json()).error.code, "rate_limit_exceeded");
  nowMs += 7_000;
  assert.equal(gate.admit(GRANT, model("guide")).refused, null);
});
