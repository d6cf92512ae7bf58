import assert from "node:assert/strict";
import { conversationStart } from "../../../src/api/routing/conversation.ts";

const system = { role: "system", content: "Be brief" };
const first = { role: "user", content: "What is a mesh?" };
const reply = { role: "assistant", content: "Several machines" };
const second = { role: "user", content: "Why?" };

Deno.test("conversationStart() does not change while the conversation grows", () => {
  const start = conversationStart({ messages: [system, first] });
  assert.equal(conversationStart({ messages: [system, first, reply, second] }), start);
  assert.equal(conversationStart({ input: [system, first, reply] }), start);
});

Deno.test("conversationStart() differs between conversations with one preamble", () => {
  const one = conversationStart({ messages: [system, first] });
  const other = conversationStart({ messages: [system, second] });
  assert.notEqual(one, other);
});

Deno.test("conversationStart() of a prompt is its start", () => {
  const long = "x".repeat(5_000);
  assert.equal(
    conversationStart({ prompt: `${long}a` }),
    conversationStart({ prompt: `${long}b` }),
  );
  assert.notEqual(
    conversationStart({ prompt: `a${long}` }),
    conversationStart({ prompt: `b${long}` }),
  );
  assert.notEqual(conversationStart({ prompt: [1, 2] }), conversationStart({ prompt: [1, 3] }));
});

Deno.test("conversationStart() stays short, however large the images are", () => {
  const image = {
    type: "image_url",
    image_url: { url: `data:image/png;base64,${"A".repeat(1e6)}` },
  };
  const start = conversationStart({ messages: [{ role: "user", content: [image] }] });
  assert.ok(start.length < 3_000, `${start.length}`);
});

Deno.test("conversationStart() is empty where there is nothing to tell conversations apart", () => {
  for (const body of [{}, { query: "a", documents: ["b"] }, { messages: null }]) {
    assert.equal(conversationStart(body), "");
  }
});

Deno.test("conversationStart() takes messages of any shape", () => {
  for (const messages of [[], [null], [[]], ["text"], "text", 7, [{ role: 7 }]]) {
    assert.equal(typeof conversationStart({ messages }), "string");
  }
});
