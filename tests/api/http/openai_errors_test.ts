import assert from "node:assert/strict";
import { answerFor, type Refusal } from "../../../src/api/http/openai_errors.ts";

Deno.test("answerFor() gives each refusal its status, type and code", () => {
  const table: [Refusal, number, string][] = [
    [{ kind: "foreign-host", host: "evil.example" }, 421, "misdirected_request"],
    [{ kind: "cross-site" }, 403, "cross_site_request"],
    [{ kind: "key", given: false }, 401, "invalid_api_key"],
    [{ kind: "unknown-path", method: "GET", path: "/x" }, 404, "unknown_url"],
    [{ kind: "content-type", found: null }, 415, "unsupported_media_type"],
    [{ kind: "body-too-large", limitBytes: 4 }, 413, "request_too_large"],
    [{ kind: "slow-body", idleMs: 30_000 }, 408, "request_timeout"],
    [{ kind: "bad-body", reason: "Bad" }, 400, "invalid_body"],
    [{ kind: "unknown-model", model: "x", warm: [] }, 404, "model_not_found"],
    [{ kind: "ambiguous-model", model: "x", ids: ["x1", "x2"] }, 404, "model_not_found"],
    [{ kind: "not-warm", model: null }, 503, "model_not_ready"],
    [{ kind: "unreachable", model: "x" }, 503, "model_unavailable"],
    [{ kind: "suspect-held", forMs: 120_000 }, 503, "request_held_too_long"],
    [{ kind: "not-allowed", reason: "No" }, 403, "not_allowed"],
    [{ kind: "stopping" }, 503, "node_stopping"],
    [{ kind: "internal" }, 500, "internal_error"],
  ];
  for (const [refusal, status, code] of table) {
    const answer = answerFor(refusal);
    const { error } = answer.body;
    assert.equal(answer.status, status, refusal.kind);
    assert.equal(error.code, code);
    assert.equal(error.type, status < 500 ? "invalid_request_error" : "server_error");
    assert.match(error.message, /^[A-Z][^\n]*[^.\n]$/, "a sentence");
  }
});

Deno.test("answerFor() names the parameter that is wrong, and null where it is none", () => {
  const param = (refusal: Refusal) => answerFor(refusal).body.error.param;
  assert.equal(param({ kind: "unknown-model", model: "x", warm: [] }), "model");
  assert.equal(param({ kind: "bad-body", reason: "Bad", param: "role" }), "role");
  assert.equal(param({ kind: "bad-body", reason: "Bad" }), null);
});

Deno.test("answerFor() an unknown model names the ready ones", () => {
  const message = (warm: string[]) =>
    answerFor({ kind: "unknown-model", model: "x", warm }).body.error.message;
  assert.equal(message(["a", "b"]), "The model 'x' is not served in this mesh: ready now: a, b");
  assert.match(message([]), /no other model is ready$/);
  assert.match(message(Array.from({ length: 25 }, (_, n) => `m${n}`)), /m19 and 5 more$/);
});

Deno.test("answerFor() does not repeat long names", () => {
  const model = "m".repeat(10_000);
  assert.ok(answerFor({ kind: "unknown-model", model, warm: [] }).body.error.message.length < 300);
});
