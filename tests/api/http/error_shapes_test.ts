import assert from "node:assert/strict";
import {
  consoleErrorShape,
  errorBody,
  errorInStream,
  errorShape,
} from "../../../src/api/http/error_shapes.ts";
import { answerFor } from "../../../src/api/http/openai_errors.ts";

Deno.test("errorShape() chooses by the path, and the console's port has its own API below /api/", () => {
  const table = [
    ["/v1/chat/completions", "openai", "openai"],
    ["/v1/responses", "openai", "openai"],
    ["/v1/messages", "anthropic", "anthropic"],
    ["/v1/messages/count_tokens", "anthropic", "anthropic"],
    ["/v1/messages2", "openai", "openai"],
    ["/api/chat", "ollama", "openai"],
    ["/apix", "openai", "openai"],
    ["/", "openai", "openai"],
  ] as const;
  for (const [path, onApi, onConsole] of table) {
    assert.equal(errorShape(path), onApi, path);
    assert.equal(consoleErrorShape(path), onConsole, path);
  }
});

Deno.test("errorBody() gives Anthropic's clients the type that they act on, and keeps the code", () => {
  const table = [
    [{ kind: "key", given: false }, "authentication_error"],
    [{ kind: "not-allowed", reason: "No" }, "permission_error"],
    [{ kind: "unknown-model", model: "x", warm: [] }, "not_found_error"],
    [{ kind: "body-too-large", limitBytes: 4 }, "request_too_large"],
    [{ kind: "bad-body", reason: "Bad" }, "invalid_request_error"],
    [{ kind: "overloaded", model: null }, "rate_limit_error"],
    [{ kind: "not-warm", model: null }, "overloaded_error"],
    [{ kind: "internal" }, "api_error"],
  ] as const;
  for (const [refusal, type] of table) {
    const { status, body: { error } } = answerFor(refusal);
    assert.deepEqual(errorBody("anthropic", error, status), {
      type: "error",
      error: { type, message: error.message, code: error.code },
    });
    assert.deepEqual(errorBody("ollama", error, status), { error: error.message });
    assert.deepEqual(errorBody("openai", error, status), { error });
  }
});

Deno.test("errorInStream() ends each API's stream in its own way", () => {
  const error = { message: "Bad", type: "server_error", param: null, code: "x" };
  const text = JSON.stringify(error);
  assert.equal(
    errorInStream("/v1/chat/completions", error, 502),
    `data: {"error":${text}}\n\n`,
  );
  assert.equal(
    errorInStream("/v1/responses", error, 502),
    `event: error\ndata: {"type":"error","error":${text}}\n\n`,
  );
  assert.equal(
    errorInStream("/v1/messages", error, 502),
    `event: error\ndata: {"type":"error","error":{"type":"api_error","message":"Bad","code":"x"}}\n\n`,
  );
  assert.equal(errorInStream("/api/chat", error, 502), `{"error":"Bad"}\n`);
});
