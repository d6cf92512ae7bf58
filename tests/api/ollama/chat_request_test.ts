import assert from "node:assert/strict";
import { chatRequest, generateRequest } from "../../../src/api/ollama/chat_request.ts";
import {
  chatSchema,
  deleteSchema,
  embeddingsSchema,
  embedSchema,
  generateSchema,
  pullSchema,
  showSchema,
} from "../../../src/api/ollama/fields.ts";
import { answerFor, RefusedError } from "../../../src/api/http/openai_errors.ts";
import { PICTURES } from "../../compatibility/media.ts";

const chat = (fields: object) => chatRequest(chatSchema.parse({ model: "guide", ...fields }));
const generate = (fields: object) =>
  generateRequest(generateSchema.parse({ model: "guide", ...fields }));
const HELLO = [{ role: "user", content: "hello" }];
const STREAMED = { model: "guide", stream: true, stream_options: { include_usage: true } };
const WHOLE = { model: "guide", stream: false };

Deno.test("chatRequest() streams unless told otherwise, and passes options on by llama-server's names", () => {
  assert.deepEqual(chat({ messages: HELLO }), {
    path: "/v1/chat/completions",
    body: { ...STREAMED, messages: HELLO },
  });
  const options = {
    temperature: 0.5,
    top_k: 40.0,
    top_p: 0.9,
    min_p: 0.1,
    seed: -1,
    stop: ["a", "b"],
    num_predict: 7,
    repeat_penalty: 1.1,
    num_ctx: 512,
    num_gpu: 99,
    use_mmap: null,
    unknown: {},
  };
  assert.deepEqual(chat({ messages: HELLO, stream: false, options })?.body, {
    ...WHOLE,
    messages: HELLO,
    temperature: 0.5,
    top_k: 40,
    top_p: 0.9,
    min_p: 0.1,
    seed: 2 ** 32 - 1,
    stop: ["a", "b"],
    max_tokens: 7,
    repeat_penalty: 1.1,
  });
  for (const num_predict of [-1, -2]) {
    assert.ok(!("max_tokens" in (chat({ messages: HELLO, options: { num_predict } })?.body ?? {})));
  }
});

Deno.test("chatRequest() gives calls of tools the ids by which their answers name them", () => {
  const call = (name: string, given: object) => ({ function: { name, arguments: given } });
  const messages = [
    ...HELLO,
    { role: "assistant", content: "", tool_calls: [call("a", { x: 1 }), call("b", {})] },
    { role: "tool", tool_name: "b", content: "of b" },
    { role: "tool", content: "of a" },
    { role: "assistant", tool_calls: [{ id: "own", ...call("a", {}) }], thinking: "hm" },
    { role: "tool", tool_call_id: "own", content: "again" },
  ];
  const made = (id: string, name: string, given: string) => ({
    id,
    type: "function",
    function: { name, arguments: given },
  });
  assert.deepEqual(chat({ messages })?.body.messages, [
    ...HELLO,
    {
      role: "assistant",
      content: "",
      tool_calls: [made("call_0", "a", '{"x":1}'), made("call_1", "b", "{}")],
    },
    { role: "tool", content: "of b", tool_call_id: "call_1" },
    { role: "tool", content: "of a", tool_call_id: "call_0" },
    {
      role: "assistant",
      content: "",
      reasoning_content: "hm",
      tool_calls: [made("own", "a", "{}")],
    },
    { role: "tool", content: "again", tool_call_id: "own" },
  ]);
});

Deno.test("chatRequest() turns pictures into data URLs by their first bytes", () => {
  const url = (image: string) => {
    const { messages } = chat({ messages: [{ role: "user", content: "", images: [image] }] })!.body;
    // deno-lint-ignore no-explicit-any -- the shape is what is tested
    return (messages as any)[0].content[0].image_url.url;
  };
  const of = (bytes: string) => btoa(bytes + "\0".repeat(12));
  const table: [string, string][] = [
    [PICTURES.red, "image/png"],
    [of("\xff\xd8\xff\xe0"), "image/jpeg"],
    [of("GIF89a"), "image/gif"],
    [of("RIFF\0\0\0\0WEBP"), "image/webp"],
    [of("BM"), "image/bmp"],
  ];
  for (const [image, mime] of table) assert.equal(url(image), `data:${mime};base64,${image}`);
  assert.equal(
    url(`data:image/png;base64,${PICTURES.red}`),
    `data:image/png;base64,${PICTURES.red}`,
  );
  for (const image of ["", "hello", of("%PDF"), "https://pictures.example/a.png"]) {
    assert.throws(() => url(image), isRefused(/'messages\.0\.images\.0'.*picture/));
  }
});

Deno.test("chatRequest() asks for formats and for thinking as llama-server understands them", () => {
  const body = (fields: object) => chat({ messages: HELLO, ...fields })?.body;
  const schema = { type: "object", properties: { a: { type: "string" } } };
  assert.deepEqual(body({ format: "json" })?.response_format, { type: "json_object" });
  assert.deepEqual(body({ format: schema })?.response_format, {
    type: "json_schema",
    json_schema: { name: "answer", schema },
  });
  assert.equal(body({ format: "" })?.response_format, undefined);
  const kwargs = (think: unknown) => body({ think })?.chat_template_kwargs;
  assert.deepEqual(kwargs(true), { enable_thinking: true });
  assert.deepEqual(kwargs(false), { enable_thinking: false });
  assert.deepEqual(kwargs("high"), { enable_thinking: true, reasoning_effort: "high" });
  assert.equal(kwargs(undefined), undefined);
});

Deno.test("generateRequest() is a chat, raw text, or what stands between two texts", () => {
  assert.deepEqual(generate({ prompt: "hi", system: "be kind", stream: false }), {
    path: "/v1/chat/completions",
    body: {
      ...WHOLE,
      messages: [{ role: "system", content: "be kind" }, { role: "user", content: "hi" }],
    },
  });
  assert.deepEqual(generate({ prompt: "hi", raw: true, format: "json" }), {
    path: "/v1/completions",
    body: { ...STREAMED, prompt: "hi", json_schema: { type: "object" } },
  });
  const filled = { prompt: "def f(", suffix: "return", stream: false, options: { num_predict: 5 } };
  assert.deepEqual(generate(filled), {
    path: "/infill",
    body: { ...WHOLE, input_prefix: "def f(", input_suffix: "return", n_predict: 5 },
  });
  for (const fields of [{}, { prompt: "" }, { messages: [] }]) assert.equal(generate(fields), null);
  assert.equal(chat({}), null);
});

Deno.test("generateRequest() refuses by name what has no meaning here", () => {
  const table: [object, RegExp][] = [
    [{ template: "{{ .Prompt }}" }, /'template'/],
    [{ context: [1, 2] }, /'context'.*\/api\/chat/],
    [{ raw: true, system: "a" }, /'system'.*'raw'/],
    [{ raw: true, images: [PICTURES.red] }, /'images'.*'raw'/],
    [{ suffix: "b", format: "json" }, /'format'.*'suffix'/],
    [{ logprobs: true }, /'logprobs'/],
  ];
  for (const [fields, expected] of table) {
    assert.throws(() => generate({ prompt: "a", ...fields }), isRefused(expected));
  }
  // Clients send the empty ones with every request.
  assert.ok(generate({ prompt: "a", template: "", context: [], suffix: "", images: [] }));
});

Deno.test("Each field of Ollama's requests refuses other types, and null is a field that is missing", () => {
  const wrong = [7, "x", true, {}, [7]];
  const options = ["temperature", "top_k", "seed", "num_predict", "num_ctx", "use_mmap", "numa"];
  const known: [string, { safeParse: typeof chatSchema.safeParse }, string[]][] = [
    ["chat", chatSchema, ["model", "messages", "tools", "stream", "format", "think", "options"]],
    ["generate", generateSchema, ["prompt", "suffix", "system", "template", "context", "raw"]],
    ["generate", generateSchema, ["images", "keep_alive"]],
    ["embed", embedSchema as never, ["model", "truncate", "dimensions", "options"]],
    ["embeddings", embeddingsSchema as never, ["prompt", "keep_alive"]],
    ["show", showSchema as never, ["model", "name", "verbose"]],
    ["pull", pullSchema as never, ["model", "stream", "insecure"]],
    ["delete", deleteSchema as never, ["model", "name"]],
  ];
  const base = { input: "a" };
  for (const [path, schema, fields] of known) {
    for (const field of fields) {
      const refused = wrong.filter((value) => {
        const { error } = schema.safeParse({ ...base, [field]: value });
        if (error !== undefined) assert.equal(error.issues[0]?.path[0], field);
        return error !== undefined;
      });
      assert.ok(refused.length >= 2, `${path}: ${field} takes nearly everything`);
      assert.equal(schema.safeParse({ ...base, [field]: null }).error, undefined, field);
    }
  }
  for (const name of options) {
    const { error } = chatSchema.safeParse({ options: { [name]: "1" } });
    assert.deepEqual(error?.issues[0]?.path, ["options", name]);
    assert.equal(chatSchema.safeParse({ options: { [name]: null } }).error, undefined, name);
  }
  for (const top_k of [1e300, -1e12]) {
    assert.ok(chatSchema.safeParse({ options: { top_k } }).error !== undefined, `${top_k}`);
  }
  assert.ok(chatSchema.safeParse({ messages: [{ role: "wizard" }] }).error !== undefined);
});

function isRefused(expected: RegExp) {
  return (error: unknown) =>
    error instanceof RefusedError && answerFor(error.refusal).status === 400 &&
    expected.test(answerFor(error.refusal).body.error.message);
}
