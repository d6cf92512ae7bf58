import assert from "node:assert/strict";
import { checkForm, checkInference } from "../../../src/api/routing/inference_bounds.ts";
import { RefusedError } from "../../../src/api/http/openai_errors.ts";

function nested(depth: number): string {
  return `root ::= ${"(".repeat(depth)}"a"${")".repeat(depth)}`;
}

const rules = (count: number) =>
  Array.from({ length: count }, (_, index) => `r${index} ::= "a"`).join("\n");

const refs = (count: number) => Array(count).fill({ $ref: "#/$defs/a" });

const part = (type: string, value: unknown) => ({
  messages: [{
    role: "user",
    content: [{ type: "text", text: "see https://example.com" }, {
      type,
      [type]: value,
    }],
  }],
});

const allowed: [what: string, body: Record<string, unknown>][] = [
  ["a usual grammar", { grammar: nested(20) }],
  ["brackets one after the other", { grammar: `root ::= ${"(a) ".repeat(10_000)}` }],
  ["some hundred rules", { grammar: rules(500) }],
  ["a schema with references", { json_schema: { anyOf: refs(50) } }],
  ["a usual pattern", { json_schema: { type: "string", pattern: "^(a|(b|c))+$" } }],
  ["a picture that comes along", part("image_url", { url: "data:image/png;base64,AA==" })],
  ["the same as a string", part("image_url", "data:image/png;base64,AA==")],
  ["a text that names an address", { prompt: "http://10.0.0.1/" }],
  ["a sound that comes along", part("input_audio", { data: "AA==", format: "wav" })],
  ["a tool's argument of that name", {
    messages: [{
      role: "assistant",
      content: [{ type: "tool_use", input: { image_url: "http://a" } }],
    }],
  }],
];

for (const [what, body] of allowed) {
  Deno.test(`checkInference() lets pass ${what}`, () => checkInference(body));
}

const refused: [what: string, body: Record<string, unknown>, reason: RegExp][] = [
  ["a grammar that is nested deeply", { grammar: nested(20_000) }, /nested more than 100/],
  ["one that is never closed", { grammar: `root ::= ${"(".repeat(101)}` }, /nested/],
  ["a grammar of many rules", { grammar: rules(5_001) }, /5000 rules/],
  ["a grammar of megabytes", { grammar: `root ::= ${'"a" | '.repeat(50_000)}"a"` }, /longer/],
  ["a chain of references", { json_schema: { anyOf: refs(1_001) } }, /\$ref/],
  ["one in a tool", { tools: [{ function: { parameters: { anyOf: refs(1_001) } } }] }, /\$ref/],
  [
    "a pattern that is nested deeply",
    { response_format: { json_schema: { schema: { pattern: "(".repeat(20_000) } } } },
    /pattern/,
  ],
  ["an address of a picture", part("image_url", { url: "http://127.0.0.1:1/a.png" }), /data:/],
  ["one as a string", part("image_url", "https://example.com/a.png"), /data:/],
  ["a file as a picture", part("image_url", { url: "file:///etc/passwd" }), /data:/],
  ["an address of a film", part("video_url", { url: "HTTP://a" }), /data:/],
  [
    "Anthropic's address of a picture",
    { messages: [{ content: [{ type: "image", source: { type: "url", url: "http://a" } }] }] },
    /data:/,
  ],
  [
    "a picture in a tool's result",
    {
      messages: [{
        content: [{ type: "tool_result", content: [{ type: "image_url", image_url: "http://a" }] }],
      }],
    },
    /data:/,
  ],
  [
    "an address in the input of a response",
    { input: [{ role: "user", content: [{ type: "input_image", image_url: "http://a" }] }] },
    /data:/,
  ],
];

for (const [what, body, reason] of refused) {
  Deno.test(`checkInference() refuses ${what}`, () => {
    assert.throws(() => checkInference(body), (error) => {
      assert.ok(error instanceof RefusedError && error.refusal.kind === "bad-body");
      assert.match(error.refusal.reason, reason);
      return true;
    });
  });
}

Deno.test("checkForm() refuses a grammar that is nested deeply", () => {
  const form = new FormData();
  form.set("grammar", nested(20_000));
  assert.throws(() => checkForm(form), RefusedError);
  form.set("grammar", nested(3));
  checkForm(form);
});
