import fc from "fast-check";
import assert from "node:assert/strict";
import { TokenCounter } from "../../../src/api/events/token_counter.ts";

function counterOf(chunks: readonly string[]): TokenCounter {
  const counter = new TokenCounter();
  for (const chunk of chunks) counter.add(new TextEncoder().encode(chunk));
  return counter;
}

function count(...chunks: string[]): number | null {
  return counterOf(chunks).tokensOut();
}

function countIn(...chunks: string[]): number | null {
  return counterOf(chunks).tokensIn();
}

const delta = (text: string) =>
  `data: {"choices":[{"delta":{"content":${JSON.stringify(text)}}}]}\n\n`;

Deno.test("TokenCounter takes the number that the answer ends with", () => {
  const table: [string, number | null][] = [
    ['{"choices":[],"usage":{"completion_tokens":126,"prompt_tokens":24},"id":"x"}', 126],
    [`${delta("H")}${delta("i")}data: {"timings":{"predicted_n":7}}\n\ndata: [DONE]\n\n`, 7],
    ['event: message_delta\ndata: {"usage":{"output_tokens": 3}}\n\n', 3],
    ['{"tokens":[1,2,3]}', null],
    ['{"usage":{"prompt_tokens":5,"total_tokens":5}}', null],
    [`{"usage":{"completion_tokens":${"9".repeat(400)}}}`, null],
    ["", null],
  ];
  for (const [answer, tokens] of table) assert.equal(count(answer), tokens, answer);
});

Deno.test("TokenCounter adds what was cached to what was read, in every shape of answer", () => {
  const start = '{"usage":{"cache_read_input_tokens":23,"input_tokens":1,"output_tokens":0}}';
  const table: [string, number | null][] = [
    ['{"usage":{"completion_tokens":4,"prompt_tokens":24,"total_tokens":28}}', 24],
    [`${delta("H")}data: {"timings":{"cache_n":23,"prompt_n":1,"predicted_n":3}}\n\n`, 24],
    ['{"tokens_predicted":3,"tokens_evaluated":6,"timings":{"cache_n":5,"prompt_n":1}}', 6],
    ['{"usage":{"input_tokens":24,"input_tokens_details":{"cached_tokens":23}}}', 24],
    [`event: message_start\ndata: ${start}\n\n${delta("H").repeat(200)}`, 24],
    ['{"usage":{"output_tokens":3}}', null],
    [delta("H"), null],
    ["", null],
  ];
  for (const [answer, tokens] of table) {
    assert.equal(countIn(answer), tokens, answer);
    assert.equal(countIn(...answer), tokens, "one character at a time");
  }
});

Deno.test("TokenCounter counts events where the answer broke off", () => {
  assert.equal(count(delta("H"), delta("e"), delta("l")), 3);
  assert.equal(
    count('event: message_start\ndata: {"usage":{"output_tokens":0}}\n\n', delta("H")),
    2,
  );
});

Deno.test("TokenCounter finds no number in the text of the model", () => {
  const text = 'say "completion_tokens":999 and "predicted_n":888';
  assert.equal(count(JSON.stringify({ content: text })), null);
  assert.equal(count(delta(text)), 1);
});

Deno.test("TokenCounter counts alike wherever the chunks are cut", () => {
  const answer = `${delta("H").repeat(40)}${
    delta('x"\n\n')
  }data: {"usage":{"completion_tokens":42}}\n\n`;
  const open = delta("H").repeat(40);
  fc.assert(fc.property(fc.array(fc.nat(answer.length)), (cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), answer.length];
    const pieces = (text: string) => edges.slice(1).map((end, at) => text.slice(edges[at], end));
    assert.equal(count(...pieces(answer)), 42);
    assert.equal(count(...pieces(open)), 40);
  }));
});
