import assert from "node:assert/strict";
import fc from "fast-check";
import { refuse } from "../../../src/tunnel/http/inference_paths.ts";

Deno.test("refuse() lets inference endpoints through, with any query", () => {
  const allowed = [
    ["POST", "/v1/chat/completions"],
    ["POST", "/v1/completions?timings=1"],
    ["POST", "/v1/responses"],
    ["POST", "/v1/messages"],
    ["POST", "/v1/messages/count_tokens?beta=true"],
    ["POST", "/v1/embeddings"],
    ["POST", "/v1/rerank"],
    ["POST", "/v1/audio/transcriptions"],
    ["POST", "/completion"],
    ["POST", "/tokenize"],
    ["POST", "/detokenize"],
    ["POST", "/apply-template"],
    ["GET", "/v1/models"],
  ] as const;
  for (const [method, path] of allowed) assert.equal(refuse(method, path), null, path);
});

Deno.test("refuse() answers everything else in llama-server's own shape", async () => {
  const refused = [
    ["GET", "/slots"],
    ["POST", "/slots/0?action=erase"],
    ["GET", "/metrics"],
    ["GET", "/props"],
    ["POST", "/props"],
    ["GET", "/lora-adapters"],
    ["POST", "/lora-adapters"],
    ["POST", "/exit"],
    ["POST", "/v1/models"],
    ["GET", "/v1/chat/completions"],
    ["POST", "/v1/chat/completions/"],
    ["POST", "/v1/chat/../../slots"],
    ["POST", "/v1/chat/completions/../../../slots"],
    ["POST", "/%73lots"],
    ["POST", "/v1%2Fchat/completions"],
    ["POST", "//v1/chat/completions"],
    ["POST", "/v1\\chat/completions"],
    ["POST", "/V1/Chat/Completions"],
    ["POST", "http://127.0.0.1:3131/v1/chat/completions"],
    ["POST", "/v1/chat/completions#/slots"],
    ["POST", "/v1/chat/completions?a#b"],
    ["POST", "/v1/chat/completions/control"],
    ["POST", "v1/chat/completions"],
    ["POST", ""],
  ] as const;
  for (const [method, path] of refused) {
    const answer = refuse(method, path);
    assert.equal(answer?.status, 404, path);
    const { error } = await answer.json();
    assert.equal(error.type, "not_found_error");
    assert.equal(error.code, 404);
  }
});

Deno.test("a path that refuse() lets through leads fetch to the very path that was checked", () => {
  const start = fc.constantFrom("/v1/chat/completions", "/completion", "");
  const piece = fc.constantFrom("/", "..", ".", "%2e", "\\", "?", "#", "@", ":", "slots", "v1");
  fc.assert(fc.property(start, fc.array(piece, { maxLength: 4 }), (start, pieces) => {
    const path = start + pieces.join("");
    if (refuse("POST", path) !== null) return;
    const { host, pathname } = new URL(`http://127.0.0.1:8080${path}`);
    assert.equal(host, "127.0.0.1:8080");
    assert.equal(pathname, path.split("?")[0]);
  }));
});
