import assert from "node:assert/strict";
import {
  decide,
  endpointOf,
  inexactReason,
  tokenLimit,
} from "../../../../src/api/answer/continuation/decide.ts";
import { SentAnswer } from "../../../../src/api/answer/continuation/sent_answer.ts";

const chat = { messages: [{ role: "user", content: "x" }], temperature: 0, stream: true };
const text = { prompt: "x", temperature: 0, stream: true };

function sent(...chunks: unknown[]): SentAnswer {
  const answer = new SentAnswer();
  const events = chunks.map((chunk) =>
    `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`
  );
  answer.observe(new TextEncoder().encode(events.join("")));
  return answer;
}

function delta(delta: unknown, finish_reason: string | null = null) {
  return { id: "a", choices: [{ index: 0, delta, finish_reason }] };
}

Deno.test("inexactReason() lets pass what a server can go on with from the text alone", () => {
  const parts = [{ role: "user", content: [{ type: "text", text: "x" }] }];
  for (
    const body of [
      chat,
      { ...chat, messages: parts },
      { ...chat, tools: [], stop: ["x"], max_tokens: 5, n: 1, logprobs: false },
      { ...chat, tools: [{}], tool_choice: "none" },
      { ...chat, response_format: { type: "text" } },
      { ...chat, seed: 7 },
      { ...chat, temperature: 1 },
      { ...chat, temperature: 1, seed: -1 },
    ]
  ) assert.equal(inexactReason("chat", body), null, JSON.stringify(body));
  assert.equal(inexactReason("text", text), null);
  assert.equal(inexactReason("text", { ...text, prompt: [1, 2] }), null);
});

Deno.test("inexactReason() names what can't go on exactly", () => {
  const image = [{ role: "user", content: [{ type: "image_url", image_url: {} }] }];
  const table: [Record<string, unknown>, RegExp][] = [
    [{ grammar: "root ::= [a]" }, /grammar/],
    [{ json_schema: {} }, /grammar/],
    [{ response_format: { type: "json_object" } }, /schema/],
    [{ tools: [{ type: "function" }] }, /tool/],
    [{ logprobs: true }, /logprobs/],
    [{ n_probs: 3 }, /logprobs/],
    [{ n: 2 }, /choices/],
    [{ seed: 7, temperature: 0.5 }, /seed/],
    [{ seed: 7, temperature: undefined }, /seed/],
    [{ echo: true }, /echo/],
    [{ suffix: "x" }, /suffix/],
    [{ messages: image }, /text only/],
    [{ messages: "x" }, /text only/],
  ];
  for (const [more, reason] of table) {
    assert.match(inexactReason("chat", { ...chat, ...more }) ?? "", reason, JSON.stringify(more));
  }
  for (const prompt of [["a", "b"], [], [1, "a"], undefined]) {
    assert.match(inexactReason("text", { ...text, prompt }) ?? "", /one text/);
  }
});

Deno.test("decide() goes by what the caller has got", () => {
  const said = delta({ content: "Hel" });
  const ended = delta({}, "stop");
  const usage = { id: "a", choices: [], usage: { completion_tokens: 1 } };
  const asksUsage = { ...chat, stream_options: { include_usage: true } };
  const table: [Record<string, unknown>, SentAnswer, string][] = [
    [chat, sent(said), "continue"],
    [chat, sent(said, ended, "[DONE]"), "whole"],
    [chat, sent(said, { error: { message: "broken" } }), "whole"],
    [chat, sent(said, ended), "close"],
    [asksUsage, sent(said, ended), "continue"],
    [asksUsage, sent(said, ended, usage), "close"],
    [chat, sent(delta({ reasoning_content: "Hm" })), "lose"],
    [chat, sent(delta({ tool_calls: [{}] })), "lose"],
    [chat, sent(said, "{"), "lose"],
    [{ ...chat, n: 2 }, sent(said), "lose"],
  ];
  for (const [body, answer, kind] of table) assert.equal(decide("chat", body, answer).kind, kind);
  assert.equal(decide(null, {}, sent(said)).kind, "lose");
});

Deno.test("endpointOf() and tokenLimit() know the names that llama-server knows", () => {
  assert.equal(endpointOf("/v1/chat/completions?x=1"), "chat");
  assert.equal(endpointOf("/v1/completions"), "text");
  assert.equal(endpointOf("/v1/responses"), null);
  assert.equal(tokenLimit({ max_tokens: 3 }), 3);
  assert.equal(tokenLimit({ max_completion_tokens: 4 }), 4);
  assert.equal(tokenLimit({ n_predict: -1 }), null);
  assert.equal(tokenLimit({}), null);
});

Deno.test("An answer has begun once it says more than who speaks", () => {
  const opening = delta({ role: "assistant", content: null });
  assert.equal(sent(opening).hasBegun, false);
  assert.equal(
    sent(opening, { id: "a", choices: [], prompt_progress: { processed: 1 } }).hasBegun,
    true,
  );
  assert.equal(sent(opening, delta({ content: "H" })).hasBegun, true);
  assert.equal(sent(opening, delta({ tool_calls: [{}] })).hasBegun, true);
  assert.equal(sent({ error: { message: "broken" } }).hasBegun, true);
});
