import assert from "node:assert/strict";
import * as fc from "fast-check";
import { withoutAttributionLine } from "../../../src/api/openai/attribution_line.ts";

const LINE = "x-anthropic-billing-header: cc_version=2.1.177.01c; cc_entrypoint=cli; cch=36ee5;";
const IDENTITY = {
  type: "text",
  text: "You are Claude Code, Anthropic's official CLI for Claude.",
};
const header = (text = LINE) => ({ type: "text", text });

function after(body: unknown, path = "/v1/messages"): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const given = new TextEncoder().encode(text);
  const left = withoutAttributionLine(path, given);
  // A body without such a line is not even copied.
  if (new TextDecoder().decode(left) === text) assert.equal(left, given);
  return new TextDecoder().decode(left);
}

Deno.test("the line that Claude Code begins its prompts with is dropped, and nothing else", () => {
  const cached = { ...header(), cache_control: { type: "ephemeral", ttl: "1h" } };
  const escaped = '\\"a"\\';
  const table: [unknown, unknown][] = [
    [{ system: [header(), IDENTITY] }, { system: [header(""), IDENTITY] }],
    [{ system: [header()] }, { system: [header("")] }],
    [{ system: [cached, IDENTITY] }, { system: [{ ...cached, text: "" }, IDENTITY] }],
    [{ system: [header(`${LINE}\n\nYou are`)] }, { system: [header("You are")] }],
    [{ system: LINE }, { system: "" }],
    [{ system: `${LINE}\nYou are "x"` }, { system: 'You are "x"' }],
    // Of an earlier and of a later version.
    [
      { system: [header("x-anthropic-billing-header: cc_version=2.1.37.0d9; cch=fa690;")] },
      { system: [header("")] },
    ],
    [
      { system: [header('x-anthropic-billing-header: cc_version=3; new="é\\";')] },
      { system: [header("")] },
    ],
    [
      { model: escaped, tools: [{ system: [header()] }], system: [header(), IDENTITY], n: 1 },
      { model: escaped, tools: [{ system: [header()] }], system: [header(""), IDENTITY], n: 1 },
    ],
  ];
  for (const [body, left] of table) assert.equal(after(body), JSON.stringify(left));
  assert.equal(
    after({ system: [header()] }, "/v1/messages/count_tokens?beta=true"),
    JSON.stringify({ system: [header("")] }),
  );
});

Deno.test("what only looks like the line stays", () => {
  const said = { messages: [{ role: "user", content: [header()] }] };
  const table: unknown[] = [
    said,
    { ...said, system: [IDENTITY] },
    { messages: [{ role: "user", content: LINE }], system: "Be kind" },
    // A system message that a person wrote into the conversation.
    { messages: [{ role: "system", content: [header()] }] },
    { system: [IDENTITY, header()] },
    { system: [header(` ${LINE}`), IDENTITY] },
    { system: [header(`See ${LINE}`)] },
    { system: [header(`\n${LINE}`)] },
    { system: [header(LINE.toUpperCase())] },
    { system: [header("x-anthropic-billing-header")] },
    { system: [header("x-anthropic-billing-header: a line that I want to know more about")] },
    { system: [header("x-anthropic-beta: cc_version=2")] },
    { system: [{ type: "image", text: LINE }] },
    { system: [{ text: LINE }] },
    { system: [LINE] },
    { system: { text: LINE, type: "text" } },
    { system: [[header()]] },
    { system: null, metadata: { system: [header()] } },
    { tools: [{ name: "t", description: LINE, system: LINE }], system: "" },
    { prompt: LINE },
  ];
  for (const body of table) assert.equal(after(body), JSON.stringify(body));
  for (const path of ["/v1/chat/completions", "/v1/messagesx", "/v1/completions", "/tokenize"]) {
    assert.equal(after({ system: [header()] }, path), JSON.stringify({ system: [header()] }));
  }
  for (
    const body of ["", "{", "[]", `"${LINE}"`, `{"system":[{"text":"${LINE}`, `--x\r\n${LINE}`]
  ) {
    assert.equal(after(body), body);
  }
});

Deno.test("all other bytes stay as they came: numbers, the order of members, spaces, escapes", () => {
  const text = (line: string) =>
    ` {"1" : 1.0, "seed":18446744073709551615,"a":"\\u00e9\\/\\ud800",\n"system" : [ { "type":"text" ,` +
    ` "text": "${line}" }, {"type":"text","text":"{[\\"]}"}],"0":-0.50e3 } `;
  assert.equal(after(text(LINE)), text(""));
  assert.equal(after(text(`${LINE}\\n\\nYou`)), text("You"));
  // Parsers take the last of two members.
  const twice = (line: string) =>
    `{"system":"a","\\u0073ystem":[{"type":"text","text":"${line}"}]}`;
  assert.equal(after(twice(LINE)), twice(""));
});

Deno.test("a body means the same but for the line, whatever else is in it", () => {
  const body = fc.record({ model: fc.string(), more: fc.jsonValue(), rest: fc.string() });
  fc.assert(fc.property(body, ({ model, more, rest }) => {
    const of = (blocks: unknown[]) => ({
      model,
      more,
      system: [...blocks, header(rest)],
      last: more,
    });
    assert.equal(after(of([header()])), JSON.stringify(of([header("")])));
    assert.equal(after(of([])), JSON.stringify(of([])));
  }));
});
