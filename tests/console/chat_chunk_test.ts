import assert from "node:assert/strict";
import fc from "fast-check";
import { type ChatChunk, errorMessage, parseChatChunk } from "../../console/src/lib/chat_chunk.ts";

const EMPTY: ChatChunk = { text: "", reasoning: "", finish: null, tokens: null, error: null };

Deno.test("parseChatChunk() reads the events that llama-server sends", () => {
  const table: [unknown, Partial<ChatChunk>][] = [
    [
      { choices: [{ index: 0, delta: { role: "assistant", content: null }, finish_reason: null }] },
      {},
    ],
    [{ choices: [{ index: 0, delta: { content: "A" }, finish_reason: null }] }, { text: "A" }],
    [{ choices: [{ delta: { reasoning_content: "Hm" } }] }, { reasoning: "Hm" }],
    [{ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }, { finish: "stop" }],
    [{ choices: [], usage: { completion_tokens: 142, prompt_tokens: 34 } }, { tokens: 142 }],
    [{ error: { code: 500, message: "Out of memory" } }, { error: "Out of memory" }],
  ];
  for (const [event, expected] of table) {
    assert.deepEqual(parseChatChunk(JSON.stringify(event)), { ...EMPTY, ...expected });
  }
});

Deno.test("parseChatChunk() has no chunk in the end mark and in what is not JSON", () => {
  for (const data of ["[DONE]", "", "{", "null", "1", '"text"']) {
    assert.equal(parseChatChunk(data), null);
  }
});

Deno.test("parseChatChunk() takes only the types that it expects", () => {
  const strange = {
    choices: [{ delta: { content: { html: "<b>" }, reasoning_content: 7 }, finish_reason: 1 }],
    usage: { completion_tokens: "many" },
  };
  assert.deepEqual(parseChatChunk(JSON.stringify(strange)), EMPTY);
});

Deno.test("parseChatChunk() survives any JSON", () => {
  fc.assert(fc.property(fc.json(), (data) => {
    const chunk = parseChatChunk(data);
    assert.ok(chunk === null || typeof chunk.text === "string");
  }));
});

Deno.test("errorMessage() finds the sentence in OpenAI's shape and in plain ones", () => {
  assert.equal(errorMessage({ error: { message: "No such model" } }), "No such model");
  assert.equal(errorMessage({ error: "Busy" }), "Busy");
  assert.equal(errorMessage({ message: "Gone" }), "Gone");
  assert.equal(errorMessage({ error: { code: 1 } }), null);
  assert.equal(errorMessage(null), null);
});
