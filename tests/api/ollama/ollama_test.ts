import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { type ApiKey, createGateway, fullKey } from "../../../src/api/mod.ts";
import { AdminDoor } from "../../../src/api/keys/admin_session.ts";
import { KeyRing } from "../../../src/api/keys/keys.ts";
import { type KeepAlive, readKeepAlive } from "../../../src/base/keep_alive.ts";
import { readWantedContext } from "../../../src/base/wanted_context.ts";
import { chatForm, OllamaAnswer } from "../../../src/api/ollama/answer.ts";
import { linesOf } from "../../../src/api/ollama/ndjson.ts";
import { createOllama } from "../../../src/api/ollama/ollama.ts";
import { createApiPort } from "../../../src/api/ports.ts";
import { FakeNode, type FakeNodeOptions, type Forward, instance } from "../fake_node.ts";

const logger = getLogger("test");
const HELLO = { model: "guide", messages: [{ role: "user", content: "hello" }] };
const OWN = { host: "localhost:9337" };

function setUp(options: FakeNodeOptions = {}, keys: readonly ApiKey[] = []) {
  const node = new FakeNode({ warm: [instance("a")], ...options });
  const gateway = createGateway(node, { keys, logger, holdMs: 0, signOfLifeMs: 20 });
  const door = new AdminDoor({ adminKey: "admin" });
  const managers = { door, ring: new KeyRing(keys) };
  const ollama = createOllama(gateway, node, { managers, logger });
  const own = { bound: "127.0.0.1", names: [] };
  const port = createApiPort(ollama, { self: "self", own, logger, keyed: () => keys.length > 0 });
  const ask = async (path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await port.request(`http://localhost:9337${path}`, {
      ...(body === undefined
        ? {}
        : { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) }),
      headers: { ...OWN, "content-type": "application/json", ...headers },
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text };
  };
  const lines = async (path: string, body: unknown) => {
    const { status, text } = await ask(path, body);
    assert.equal(status, 200, text);
    return text.trimEnd().split("\n").map((line) => JSON.parse(line));
  };
  return { node, port, ask, lines };
}

/** Answers with these events, as llama-server writes them. */
function events(...datas: (object | string)[]): Forward {
  const text = datas.map((data) =>
    typeof data === "string" ? data : `data: ${JSON.stringify(data)}\n\n`
  ).join("");
  return () => new Response(text, { headers: { "content-type": "text/event-stream" } });
}

const DONE = "data: [DONE]\n\n";
const delta = (delta: object) => ({ choices: [{ finish_reason: null, index: 0, delta }] });
const finish = (reason: string) => ({ choices: [{ finish_reason: reason, index: 0, delta: {} }] });
const COUNTED = {
  choices: [],
  usage: { completion_tokens: 3, prompt_tokens: 24 },
  timings: { prompt_n: 1, prompt_ms: 2.5, predicted_n: 3, predicted_ms: 1 },
};

Deno.test("Ollama's chat is a stream of lines with llama-server's own counts at its end", async () => {
  const { node, lines } = setUp({
    forward: events(
      delta({ role: "assistant", content: null }),
      delta({ reasoning_content: "hm" }),
      delta({ content: "Hel" }),
      delta({ content: "lo" }),
      finish("length"),
      COUNTED,
      DONE,
    ),
  });
  const said = await lines("/api/chat", { ...HELLO, model: "guide:latest" });
  const last = said.pop();
  assert.deepEqual(
    said.map(({ created_at: _, ...rest }) => rest),
    [
      ["", "hm"],
      ["Hel", undefined],
      ["lo", undefined],
    ].map(([content, thinking]) => ({
      model: "guide:latest",
      message: { role: "assistant", content, ...(thinking === undefined ? {} : { thinking }) },
      done: false,
    })),
  );
  const { created_at, total_duration, load_duration, ...rest } = last;
  assert.deepEqual(rest, {
    model: "guide:latest",
    message: { role: "assistant", content: "" },
    done_reason: "length",
    done: true,
    prompt_eval_count: 24,
    prompt_eval_duration: 2_500_000,
    eval_count: 3,
    eval_duration: 1_000_000,
  });
  assert.ok(Date.parse(created_at) > 0 && total_duration >= 0 && load_duration >= 0);
  const [asked] = node.forwarded;
  assert.equal(asked?.request.path, "/v1/chat/completions");
  assert.equal(JSON.parse(new TextDecoder().decode(asked!.request.body!)).model, "guide");
  const record = await node.recorded();
  assert.equal(record.path, "/api/chat");
  assert.deepEqual([record.model, record.status, record.tokensIn, record.tokensOut], [
    "guide",
    200,
    24,
    3,
  ]);
});

Deno.test("Ollama's calls of tools are objects, whole, and those that were cut off are left out", async () => {
  const call = (index: number, name: string, pieces: string[]) =>
    pieces.map((piece, at) =>
      delta({
        tool_calls: [{
          index,
          function: at === 0 ? { name, arguments: piece } : { arguments: piece },
        }],
      })
    );
  const { lines } = setUp({
    forward: events(
      ...call(0, "weather", ['{"ci', 'ty":"Bern"}']),
      ...call(1, "now", [""]),
      ...call(2, "cut", ['{"a']),
      finish("tool_calls"),
      COUNTED,
      DONE,
    ),
  });
  const [calls, last, ...none] = await lines("/api/chat", HELLO);
  assert.deepEqual(calls.message.tool_calls, [
    { function: { index: 0, name: "weather", arguments: { city: "Bern" } } },
    { function: { index: 1, name: "now", arguments: {} } },
  ]);
  assert.deepEqual([last.done, last.done_reason, none], [true, "stop", []]);
});

Deno.test("An answer that breaks off ends with its error", async () => {
  const { lines } = setUp({
    forward: events(
      delta({ content: "Hel" }),
      { error: { message: "The GPU is lost", code: 500 } },
      DONE,
    ),
  });
  const said = await lines("/api/chat", HELLO);
  assert.deepEqual(said.map(({ message, error }) => message?.content ?? error), [
    "Hel",
    "The GPU is lost",
  ]);
});

Deno.test("A stream that waits sends lines without words, as soon as its caller needs a sign of life", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = events(delta({ content: "a" }), finish("stop"), DONE);
  const { port } = setUp({
    forward: async (...asked) => {
      await promise;
      return await answer(...asked);
    },
  });
  const response = await port.request("http://localhost:9337/api/chat", {
    method: "POST",
    body: JSON.stringify(HELLO),
    headers: OWN,
  });
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  const said: string[] = [];
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    resolve();
    said.push(...piece.trimEnd().split("\n").map((line) => JSON.parse(line).message.content));
  }
  assert.deepEqual(said, ["", "a", ""]);
});

Deno.test("Ollama's answers come whole where no stream is asked for", async () => {
  const whole = {
    choices: [{
      finish_reason: "stop",
      index: 0,
      message: {
        role: "assistant",
        content: "Hello",
        tool_calls: [{ id: "x", function: { name: "now", arguments: "{}" } }],
      },
    }],
    usage: COUNTED.usage,
    timings: COUNTED.timings,
  };
  const { ask, node } = setUp({ forward: () => Response.json(whole) });
  const { text, headers } = await ask("/api/chat", { ...HELLO, stream: false });
  const chat = JSON.parse(text);
  assert.deepEqual(chat.message, {
    role: "assistant",
    content: "Hello",
    tool_calls: [{ function: { index: 0, name: "now", arguments: {} } }],
  });
  assert.deepEqual([chat.done, chat.eval_count], [true, 3]);
  assert.equal(headers.get("x-mesh-host"), "a");
  assert.match(headers.get("content-type") ?? "", /^application\/json/);
  const asked = { model: "guide", prompt: "hello", stream: false };
  const generated = JSON.parse((await ask("/api/generate", asked)).text);
  assert.deepEqual([generated.response, generated.done_reason], ["Hello", "stop"]);
  assert.equal(node.records.length, 2);
});

Deno.test("A request that asks nothing loads its model", async () => {
  const { ask, node } = setUp({ forward: () => Response.json({ tokens: [] }) });
  for (const path of ["/api/chat", "/api/generate"]) {
    const { status, text } = await ask(path, { model: "guide" });
    assert.equal(status, 200);
    assert.deepEqual([JSON.parse(text).done, JSON.parse(text).done_reason], [true, "load"]);
  }
  assert.deepEqual(node.forwarded.map(({ request }) => request.path), ["/tokenize", "/tokenize"]);
});

Deno.test("keep_alive travels with the request, and a model that is not loaded is not loaded to be unloaded", async () => {
  const { ask, node } = setUp({
    warm: [instance("a", "guide")],
    own: [{ name: "cold", fingerprint: "c" }],
    forward: () => Response.json({ tokens: [], data: [{ embedding: [1] }], choices: [] }),
  });
  const said = async (path: string, body: object) => {
    const { status, text } = await ask(path, body);
    assert.equal(status, 200, text);
    const asked = node.forwarded.splice(0).map(({ request }) => readKeepAlive(request.headers));
    return [...asked, JSON.parse(text).done_reason];
  };
  const whole = { ...HELLO, stream: false };
  const table: [unknown, KeepAlive | undefined][] = [
    [undefined, undefined],
    [null, undefined],
    [0, 0],
    ["0", 0],
    ["0s", 0],
    [5, 5_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    [-1, null],
    ["-1m", null],
  ];
  for (const [keep_alive, expected] of table) {
    const what = JSON.stringify(keep_alive);
    assert.deepEqual(await said("/api/chat", { ...whole, keep_alive }), [expected, "stop"], what);
  }
  const generate = { model: "guide", prompt: "a", stream: false, keep_alive: 0 };
  assert.deepEqual(await said("/api/generate", generate), [0, "stop"]);
  const embed = { model: "guide", input: "a", keep_alive: -1 };
  assert.deepEqual(await said("/api/embed", embed), [null, undefined]);
  assert.deepEqual(await said("/api/embeddings", { ...embed, prompt: "a" }), [null, undefined]);
  const nothing = { model: "guide", keep_alive: "1m" };
  assert.deepEqual(await said("/api/generate", nothing), [60_000, "load"]);
  assert.deepEqual(await said("/api/generate", { ...nothing, keep_alive: 0 }), [0, "unload"]);
  assert.deepEqual(await said("/api/chat", { ...nothing, keep_alive: 0 }), [0, "unload"]);
  assert.deepEqual(await said("/api/generate", { model: "cold", keep_alive: 0 }), ["unload"]);
  assert.equal((await ask("/api/generate", { model: "absent", keep_alive: 0 })).status, 404);
  // Others' words are not passed on, and OpenAI's paths say nothing of it.
  await ask("/v1/chat/completions", whole, { "x-mesh-keep-alive": "0" });
  assert.equal(readKeepAlive(node.forwarded[0]!.request.headers), undefined);
});

Deno.test("num_ctx is held against the room of a model that had to be loaded first", async () => {
  const forward = events(delta({ content: "a" }), finish("stop"), DONE);
  const { ask } = setUp({ warm: [], refreshed: [instance("a")], forward });
  const asked = (num_ctx: number) => ask("/api/chat", { ...HELLO, options: { num_ctx } });
  const { status, text } = await asked(9_999);
  assert.equal(status, 400, text);
  assert.match(JSON.parse(text).error, /'options\.num_ctx'.* 9999 .* 4096/);
  assert.equal((await asked(4_096)).status, 200);
});

Deno.test("num_ctx reaches the node that has the model, whose refusal is the answer", async () => {
  const { ask, node } = setUp({ forward: events(delta({ content: "a" }), finish("stop"), DONE) });
  const said = async (options: unknown, more = {}) => {
    await ask("/api/chat", { ...HELLO, options, ...more });
    return node.forwarded.splice(0).map(({ request }) => readWantedContext(request.headers));
  };
  assert.deepEqual(await said({ num_ctx: 9_999 }), [9_999]);
  assert.deepEqual(await said({}), [undefined]);
  assert.deepEqual(await said({ num_ctx: 9_999 }, { messages: [] }), [9_999], "it is only loaded");
  const message = "its user has set ctx=4096";
  const refusing = setUp({
    forward: () => Response.json({ error: { message } }, { status: 400 }),
  });
  const { status, text } = await refusing.ask("/api/chat", {
    ...HELLO,
    options: { num_ctx: 9_999 },
  });
  assert.deepEqual([status, JSON.parse(text).error], [400, message]);
});

Deno.test("A stream that has begun before the room was known ends with the refusal", async () => {
  let isCancelled = false;
  const encoder = new TextEncoder();
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const event of [": waits\n\n", `data: ${JSON.stringify(delta({ content: "a" }))}\n\n`]) {
        controller.enqueue(encoder.encode(event));
      }
    },
    cancel: () => void (isCancelled = true),
  });
  const answer = new OllamaAnswer({ model: "guide", form: chatForm, now: () => 0 });
  let asks = 0;
  const lines = linesOf(source, answer, () => ++asks === 1 ? "4096 tokens" : null);
  const said = (await new Response(lines).text()).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assert.deepEqual(said.map(({ message, error }) => message?.content ?? error), [
    "",
    "4096 tokens",
  ]);
  assert.ok(isCancelled, "llama-server need not go on");
});

Deno.test("Ollama's errors have its shape and its words", async () => {
  const { ask } = setUp({
    forward: () => Response.json({ error: { message: "too long" } }, { status: 400 }),
  });
  const table: [string, unknown, number, RegExp][] = [
    ["/api/chat", { ...HELLO, model: "absent" }, 404, /^model 'absent' not found$/],
    [
      "/api/generate",
      { model: "absent:latest", prompt: "a" },
      404,
      /^model 'absent:latest' not found$/,
    ],
    ["/api/generate", { model: "absent" }, 404, /^model 'absent' not found$/],
    ["/api/embed", { model: "absent", input: "a" }, 404, /^model 'absent' not found$/],
    ["/api/show", { model: "absent" }, 404, /^model 'absent' not found$/],
    ["/api/chat", { messages: [] }, 400, /^model is required$/],
    ["/api/show", {}, 400, /^model is required$/],
    ["/api/chat", HELLO, 400, /^too long$/],
    ["/api/chat", { ...HELLO, options: { temperature: "hot" } }, 400, /'options\.temperature'/],
    ["/api/chat", { ...HELLO, keep_alive: "soon" }, 400, /'keep_alive'.*duration/],
    [
      "/api/chat",
      { ...HELLO, messages: [{ role: "user", content: [] }] },
      400,
      /'messages\.0\.content'/,
    ],
    ["/api/chat", "{", 400, /not JSON/],
    ["/api/chat", "[]", 400, /not a JSON object/],
    ["/api/chat", "[".repeat(200), 400, /nested too deeply/],
    ["/api/chat", `{"a":[${"1,".repeat(1_000_000)}1]}`, 400, /too many values/],
    ["/api/blobs/sha256:1", {}, 404, /Nothing answers POST/],
    ["/api/create", { model: "mine" }, 404, /Nothing answers POST \/api\/create/],
  ];
  for (const [path, body, status, expected] of table) {
    const answer = await ask(path, body);
    const what = `${path} ${JSON.stringify(body).slice(0, 80)}`;
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    const { error, ...rest } = JSON.parse(answer.text);
    assert.match(error, expected, what);
    assert.deepEqual(rest, {}, what);
  }
});

Deno.test("A prompt that is too long for a model is told with both numbers, in Ollama's shape", async () => {
  const { ask } = setUp({
    forward: () => {
      const numbers = { n_prompt_tokens: 5_000, n_ctx: 4_096 };
      const error = { type: "exceed_context_size_error", message: "too long", ...numbers };
      return Response.json({ error }, { status: 400 });
    },
  });
  for (const [path, body] of [["/api/chat", HELLO], ["/api/generate", { prompt: "a" }]] as const) {
    const { status, text } = await ask(path, { model: "guide", ...body });
    assert.equal(status, 400, text);
    const { error, ...rest } = JSON.parse(text);
    assert.match(error, /4096 tokens.* 5000 tokens/, path);
    assert.deepEqual(rest, {});
  }
});

Deno.test("An error of llama-server in Ollama's shape does not keep the length that it had", async () => {
  const body = JSON.stringify({ error: { code: 400, message: "too long", type: "invalid" } });
  const headers = { "content-type": "application/json", "content-length": String(body.length) };
  const { ask } = setUp({ forward: () => new Response(body, { status: 400, headers }) });
  const table: [string, unknown][] = [
    ["/api/chat", HELLO],
    ["/api/chat", { ...HELLO, stream: false }],
    ["/api/generate", { model: "guide", prompt: "a" }],
    ["/api/embed", { model: "guide", input: "a" }],
    ["/api/embeddings", { model: "guide", prompt: "a" }],
  ];
  for (const [path, asked] of table) {
    const { headers, text } = await ask(path, asked);
    assert.deepEqual(JSON.parse(text), { error: "too long" }, path);
    assert.equal(headers.get("content-length") ?? String(text.length), String(text.length), path);
    assert.match(headers.get("x-mesh-host") ?? "", /^a$/, path);
  }
});

Deno.test("curl's examples need no content type, and pages do", async () => {
  const { ask, node } = setUp({ forward: events(delta({ content: "a" }), finish("stop"), DONE) });
  const form = "application/x-www-form-urlencoded";
  assert.equal((await ask("/api/chat", HELLO, { "content-type": form })).status, 200);
  assert.equal((await ask("/api/chat", HELLO, { "content-type": "text/plain" })).status, 200);
  const pages = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://localhost:9337" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ];
  for (const page of pages) {
    for (const type of [form, "text/plain"]) {
      const { status, text } = await ask("/api/chat", HELLO, { ...page, "content-type": type });
      assert.equal(status, 415, JSON.stringify(page));
      assert.match(JSON.parse(text).error, /application\/json/);
    }
  }
  assert.equal(node.forwarded.length, 2);
});

Deno.test("Keys and their limits hold for Ollama's paths", async () => {
  const keys: ApiKey[] = [
    { ...fullKey("limited", "sk-limited"), requestsPerMinute: 1 },
    { ...fullKey("other", "sk-other"), models: ["else"] },
  ];
  const { ask, node } = setUp(
    { forward: events(delta({ content: "a" }), finish("stop"), COUNTED, DONE) },
    keys,
  );
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
  for (const path of ["/api/chat", "/api/generate", "/api/embed", "/api/show"]) {
    const { status, text } = await ask(path, HELLO);
    assert.equal(status, 401, path);
    assert.match(JSON.parse(text).error, /expects a key/);
  }
  assert.equal((await ask("/api/tags")).status, 401);
  assert.equal((await ask("/")).status, 200);
  assert.equal((await ask("/api/chat", HELLO, bearer("sk-other"))).status, 404);
  const tags = await ask("/api/tags", undefined, bearer("sk-other"));
  assert.deepEqual(JSON.parse(tags.text), { models: [] });
  const first = await ask("/api/chat", HELLO, bearer("sk-limited"));
  assert.deepEqual([first.status, first.headers.get("x-ratelimit-remaining-requests")], [200, "0"]);
  const second = await ask("/api/chat", HELLO, bearer("sk-limited"));
  assert.equal(second.status, 429);
  assert.ok(Number(second.headers.get("retry-after")) > 0);
  assert.match(JSON.parse(second.text).error, /1 requests a minute/);
  assert.equal(node.records.find(({ status }) => status === 200)?.key, "limited");
});

Deno.test("Models are listed with the tags and details that Ollama's clients expect", async () => {
  const { ask, node } = setUp({ warm: [instance("a"), instance("b", "llama:8b-q4")] });
  node.modelActions = {
    ...node.modelActions,
    catalog: () => [{
      id: "llama:8b-q4",
      name: "llama:8b-q4",
      fingerprint: "f00d",
      places: ["disk"],
      sizeBytes: 7,
      architecture: "llama",
      quantisation: "Q4_K_M",
      contextLength: 8_192,
      licence: null,
      repository: null,
      vision: true,
      purpose: "text",
      state: "warm",
      fit: null,
      download: null,
      broken: null,
    }],
  };
  const { models } = JSON.parse((await ask("/api/tags")).text);
  assert.deepEqual(models.map(({ name }: { name: string }) => name), [
    "guide:latest",
    "llama:8b-q4",
  ]);
  const { modified_at, ...llama } = models[1];
  assert.ok(Date.parse(modified_at) > 0);
  const details = {
    parent_model: "",
    format: "gguf",
    family: "llama",
    families: ["llama"],
    parameter_size: "8B",
    quantization_level: "Q4_K_M",
  };
  assert.deepEqual(llama, {
    name: "llama:8b-q4",
    model: "llama:8b-q4",
    size: 7,
    digest: "f00d",
    details,
  });
  const running = JSON.parse((await ask("/api/ps")).text).models;
  assert.deepEqual(
    running.map((one: Record<string, unknown>) => [one.name, one.context_length, one.size_vram]),
    [["guide:latest", 4_096, 7], ["llama:8b-q4", 4_096, 7]],
  );
  const shown = JSON.parse((await ask("/api/show", { name: "llama:8b-q4" })).text);
  assert.deepEqual(shown.capabilities, ["completion", "tools", "vision"]);
  assert.deepEqual(shown.model_info["llama.context_length"], 4_096);
  assert.deepEqual(shown.details, details);
});

Deno.test("The API port answers those who ask whether Ollama is there, and OpenAI's paths as before", async () => {
  const { ask, port } = setUp();
  assert.deepEqual((await ask("/")).text, "Ollama is running");
  const head = await port.request("http://localhost:9337/", { method: "HEAD", headers: OWN });
  assert.equal(head.status, 200);
  assert.match(JSON.parse((await ask("/api/version")).text).version, /^\d+\.\d+\.\d+$/);
  assert.equal((await ask("/v1/models")).status, 200);
  const { text } = await ask("/v1/chat/completions", { ...HELLO, model: "absent" });
  assert.equal(JSON.parse(text).error.code, "model_not_found");
});

Deno.test("Vectors come by both of Ollama's paths, and texts that are too long are cut", async () => {
  const asked: unknown[] = [];
  const { ask } = setUp({
    forward: (_, { path, body }) => {
      const json = JSON.parse(new TextDecoder().decode(body!));
      asked.push(json.input ?? path);
      if (path === "/tokenize") return Response.json({ tokens: [1, 2, 3, 4] });
      if (json.input[0] === "long") {
        const message = "input (4 tokens) is too large to process. increase the physical batch " +
          "size (current batch size: 3)";
        return Response.json({ error: { message } }, { status: 500 });
      }
      const data = json.input.map((_: unknown, n: number) => ({ embedding: [n, 1] }));
      return Response.json({ data, usage: { prompt_tokens: 5 } });
    },
  });
  const json = async (path: string, body: object) => JSON.parse((await ask(path, body)).text);
  const both = await json("/api/embed", { model: "guide", input: ["a", "b"] });
  assert.deepEqual([both.embeddings, both.prompt_eval_count, both.model], [
    [[0, 1], [1, 1]],
    5,
    "guide",
  ]);
  assert.deepEqual((await json("/api/embed", { model: "guide", input: "a" })).embeddings, [[0, 1]]);
  assert.deepEqual(await json("/api/embeddings", { model: "guide", prompt: "a" }), {
    embedding: [0, 1],
  });
  assert.deepEqual((await json("/api/embed", { model: "guide" })).embeddings, []);
  asked.length = 0;
  assert.deepEqual((await json("/api/embed", { model: "guide", input: "long" })).embeddings, [[
    0,
    1,
  ]]);
  assert.deepEqual(asked, [["long"], "/tokenize", [[1, 2, 3]]]);
  const whole = await ask("/api/embed", { model: "guide", input: "long", truncate: false });
  assert.deepEqual([whole.status, /too large/.test(JSON.parse(whole.text).error)], [500, true]);
});
