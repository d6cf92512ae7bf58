import assert from "node:assert/strict";
import type { Case, Served } from "./case.ts";

async function post(url: string, body: unknown): Promise<{ status: number; json: Json }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}

// deno-lint-ignore no-explicit-any -- each case knows what it asked for
type Json = any;

function row(feature: string, run: (served: Served) => Promise<void>): Case {
  return { client: "fetch", feature, run };
}

export const FETCH_CASES: readonly Case[] = [
  row("rerank", async ({ url, reranking: model }) => {
    const documents = ["mesh", "hello"];
    const { status, json } = await post(`${url}/v1/rerank`, { model, query: "hello", documents });
    assert.equal(status, 200);
    assert.deepEqual(json.results.map(({ index }: Json) => index).sort(), [0, 1]);
  }),
  row("tokenize, detokenize", async ({ url, chat: model }) => {
    const { json: { tokens } } = await post(`${url}/tokenize`, { model, content: "mesh" });
    const { json } = await post(`${url}/detokenize`, { model, tokens });
    assert.equal(json.content, "mesh");
  }),
  row("apply-template", async ({ url, chat: model }) => {
    const messages = [{ role: "user", content: "hello" }];
    const { json } = await post(`${url}/apply-template`, { model, messages });
    assert.match(json.prompt, /hello/);
  }),
  row("a model by the start of its name, in another letter case", async ({ url, chat, hello }) => {
    const model = chat.slice(0, -2).toUpperCase();
    const messages = [{ role: "user", content: "hello" }];
    const { json } = await post(`${url}/v1/chat/completions`, { model, messages, temperature: 0 });
    assert.equal(json.model, model);
    assert.equal(json.choices[0].message.content, hello);
  }),
  row("models, with state, size, context length, modes and instances", async ({ url, chat }) => {
    const { data } = await (await fetch(`${url}/v1/models`)).json();
    const { size_bytes, context_length, created: _, ...rest } = data.find(({ id }: Json) =>
      id === chat
    );
    assert.ok(size_bytes > 1e6 && context_length > 1_000);
    assert.deepEqual(rest, {
      id: chat,
      aliases: [],
      object: "model",
      owned_by: "mesh-llm",
      state: "warm",
      modes: ["solo"],
      instances: 1,
    });
  }),
  row("HEAD, OPTIONS", async ({ url }) => {
    const head = await fetch(`${url}/v1/models`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    const options = await fetch(`${url}/v1/chat/completions`, { method: "OPTIONS" });
    assert.deepEqual([options.status, await options.text()], [204, ""]);
    assert.match(options.headers.get("allow") ?? "", /POST/);
  }),
  row("what a model can't do, in llama-server's words", async ({ url, chat: model }) => {
    const embeddings = await post(`${url}/v1/embeddings`, { model, input: "hello" });
    assert.equal(embeddings.status, 501);
    assert.match(embeddings.json.error.message, /does not support embeddings/);
    const form = new FormData();
    form.set("model", model);
    form.set("file", new Blob([new Uint8Array(64)], { type: "audio/wav" }), "a.wav");
    const audio = await fetch(`${url}/v1/audio/transcriptions`, { method: "POST", body: form });
    assert.ok(audio.status >= 400 && audio.status !== 404, `${audio.status}`);
    assert.ok(typeof (await audio.json()).error.message === "string");
  }),
];
