import assert from "node:assert/strict";
import { type Case, CITIES, lazyRow, type Served, WEATHER } from "./case.ts";
import { assertTellsApart, PICTURES } from "./media.ts";

const load = () =>
  // @ts-types="./clients.d.ts"
  import("ollama");

const ask = (served: Served) => ({
  model: served.chat,
  options: { temperature: 0 },
  messages: [{ role: "user", content: "hello" }],
});

/** At any other temperature the tiny model now and then begins a call that llama-server can't read. */
const BRIEFLY = { temperature: 0, num_predict: 3 };

const CALL = { function: { name: WEATHER.name, arguments: { city: "Bern" } } };

const TOOL = {
  type: "function",
  function: { name: WEATHER.name, description: WEATHER.description, parameters: WEATHER.schema },
};

const row = lazyRow("ollama", async ({ url }) => {
  const { Ollama } = await load();
  return new Ollama({ host: url });
});

export const OLLAMA_CASES: readonly Case[] = [
  row("chat", async (served, client) => {
    const answer = await client.chat(ask(served));
    assert.equal(answer.message.content, served.hello);
    assert.deepEqual([answer.model, answer.done, answer.done_reason], [served.chat, true, "stop"]);
    assert.ok(answer.eval_count > 0 && answer.eval_duration > 0 && answer.prompt_eval_count > 0);
  }),
  row("chat, streamed, by a name with `:latest`", async (served, client) => {
    const model = `${served.chat}:latest`;
    let text = "";
    let last;
    const asked = { ...ask(served), model, stream: true } as const;
    for await (const part of await client.chat(asked)) {
      text += part.message.content;
      last = part;
    }
    assert.equal(text, served.hello);
    assert.deepEqual([last?.model, last?.done], [model, true]);
    assert.ok((last?.eval_count ?? 0) > 0);
  }),
  row("generate, streamed and not", async (served, client) => {
    const { model, options } = ask(served);
    const asked = { model, options, prompt: "hello" };
    assert.equal((await client.generate(asked)).response, served.hello);
    let text = "";
    for await (const part of await client.generate({ ...asked, stream: true })) {
      text += part.response;
    }
    assert.equal(text, served.hello);
  }),
  row("generate, raw", async (served, client) => {
    const asked = { model: served.chat, raw: true, prompt: "hello", options: { num_predict: 3 } };
    const { eval_count, done_reason } = await client.generate(asked);
    assert.deepEqual([eval_count, done_reason], [3, "length"]);
  }),
  row("load a model", async (served, client) => {
    const { done_reason } = await client.generate({ model: served.chat });
    assert.equal(done_reason, "load");
  }),
  row("tools, and what they answered", async (served, client) => {
    const messages = [
      ...ask(served).messages,
      { role: "assistant", content: "", tool_calls: [CALL] },
      { role: "tool", tool_name: WEATHER.name, content: "sunny" },
    ];
    const asked = { ...ask(served), messages, tools: [TOOL], options: BRIEFLY };
    assert.equal((await client.chat(asked)).done, true);
  }),
  row("`format`: a JSON schema", async (served, client) => {
    const answer = await client.chat({ ...ask(served), format: WEATHER.schema });
    assert.ok(CITIES.includes(JSON.parse(answer.message.content).city));
  }),
  row("images", async (served, client) => {
    await assertTellsApart([PICTURES.red, PICTURES.blue], async (image) => {
      const messages = [{ role: "user", content: "hello", images: [image] }];
      const asked = { ...ask(served), messages, options: { temperature: 0, num_predict: 20 } };
      return (await client.chat(asked)).message.content;
    });
  }),
  row("embed", async (served, client) => {
    const { embeddings } = await client.embed({
      model: served.embeddings,
      input: ["mesh", "hello"],
    });
    assert.equal(embeddings.length, 2);
    assert.ok(embeddings.every((vector) => vector.length > 1));
  }),
  row("list, ps, show, version", async (served, client) => {
    const name = `${served.chat}:latest`;
    for (const { models } of [await client.list(), await client.ps()]) {
      assert.ok(models.some((model) => model.name === name && model.size > 1e6));
    }
    const { capabilities } = await client.show({ model: name });
    assert.ok(capabilities.includes("completion") && capabilities.includes("tools"));
    assert.match((await client.version()).version, /^\d+\./);
  }),
  row("abort mid-stream", async (served, client) => {
    const options = { num_predict: 2_000 };
    const asked = { ...ask(served), options, stream: true } as const;
    const stream = await client.chat(asked);
    let parts = 0;
    const read = async () => {
      for await (const _ of stream) if (++parts === 3) stream.abort();
    };
    await assert.rejects(read(), { name: "AbortError" });
    assert.ok(parts < 20, "the stream ends soon after");
  }),
  row("errors with their status", async (served, client) => {
    const unknown = client.chat({ ...ask(served), model: "absent" });
    await assert.rejects(unknown, { status_code: 404, message: "model 'absent' not found" });
  }),
];
