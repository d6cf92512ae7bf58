import assert from "node:assert/strict";
import {
  addChunk,
  type Answer,
  answerFigures,
  beginAnswer,
  endAnswer,
  failAnswer,
  stopAnswer,
} from "../../console/src/lib/answer.ts";
import type { ChatChunk } from "../../console/src/lib/chat_chunk.ts";

function chunk(of: Partial<ChatChunk>): ChatChunk {
  return { text: "", reasoning: "", finish: null, tokens: null, error: null, ...of };
}

/** Chunks that came at these times after the question. */
function answer(...chunks: [number, Partial<ChatChunk>][]): Answer {
  return chunks.reduce((sum, [ms, of]) => addChunk(sum, chunk(of), 1000 + ms), beginAnswer(1000));
}

const STREAMED = answer([200, { text: "A" }], [300, { text: " mesh" }], [400, { text: "." }]);

Deno.test("an answer waits until its first text, then grows", () => {
  assert.equal(answer().state, "waiting");
  assert.equal(answer([5, {}]).state, "waiting");
  assert.equal(STREAMED.state, "streaming");
  assert.equal(STREAMED.text, "A mesh.");
});

Deno.test("an answer is done only when its last chunk gave a reason", () => {
  assert.equal(endAnswer(addChunk(STREAMED, chunk({ finish: "stop" }), 1500)).state, "done");
  const cutOff = endAnswer(STREAMED);
  assert.equal(cutOff.state, "failed");
  assert.equal(cutOff.problem?.message, "The answer was cut off before its end");
  assert.equal(cutOff.text, "A mesh.");
});

Deno.test("an answer that has ended changes no more", () => {
  for (const ended of [stopAnswer(STREAMED), endAnswer(STREAMED)]) {
    assert.equal(addChunk(ended, chunk({ text: "more" }), 9000), ended);
    assert.equal(endAnswer(ended), ended);
    assert.equal(stopAnswer(ended), ended);
    assert.equal(failAnswer(ended, { message: "late", needsKey: false }), ended);
  }
});

Deno.test("an error inside the stream fails the answer with its message", () => {
  const failed = addChunk(STREAMED, chunk({ error: "Out of memory" }), 1500);
  assert.equal(failed.state, "failed");
  assert.deepEqual(failed.problem, { message: "Out of memory", needsKey: false });
});

Deno.test("answerFigures() measures from the question to the first token, and the rate after it", () => {
  assert.deepEqual(answerFigures(STREAMED), { firstTokenMs: 200, tokensPerSecond: 10 });
});

Deno.test("answerFigures() prefers the server's count to the number of chunks", () => {
  const counted = addChunk(STREAMED, chunk({ tokens: 41 }), 1500);
  assert.deepEqual(answerFigures(counted), { firstTokenMs: 200, tokensPerSecond: 200 });
});

Deno.test("answerFigures() claims no rate where there is none to measure", () => {
  assert.deepEqual(answerFigures(answer()), { firstTokenMs: null, tokensPerSecond: null });
  const one = answer([50, { text: "A" }]);
  assert.deepEqual(answerFigures(one), { firstTokenMs: 50, tokensPerSecond: null });
  const atOnce = answer([50, { text: "A" }], [50, { text: "B" }]);
  assert.deepEqual(answerFigures(atOnce), { firstTokenMs: 50, tokensPerSecond: null });
  const inOnePiece = answer([50, { text: "A" }], [50.3, { text: "B", tokens: 60 }]);
  assert.deepEqual(answerFigures(inOnePiece), { firstTokenMs: 50, tokensPerSecond: null });
});

Deno.test("a model's thoughts count as tokens and stay apart from its answer", () => {
  const thinking = answer([100, { reasoning: "Hm" }], [200, { text: "Yes" }]);
  assert.equal(thinking.reasoning, "Hm");
  assert.equal(thinking.text, "Yes");
  assert.deepEqual(answerFigures(thinking), { firstTokenMs: 100, tokensPerSecond: 10 });
});
