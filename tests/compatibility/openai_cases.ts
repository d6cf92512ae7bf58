import assert from "node:assert/strict";
import OpenAI from "openai";
import { type Case, CITIES, type Served, WEATHER } from "./case.ts";
import { assertTellsApart, base64, PICTURES, tone } from "./media.ts";

const client = ({ url }: Served) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });

const HELLO = [{ role: "user", content: "hello" }] as const;

const ask = (served: Served) => ({
  model: served.chat,
  temperature: 0,
  messages: [...HELLO],
});

const TOOLS: OpenAI.ChatCompletionTool[] = [{
  type: "function",
  function: {
    name: WEATHER.name,
    description: WEATHER.description,
    parameters: { ...WEATHER.schema },
  },
}];

/** The model's answer to a picture or a sound. */
async function describe(
  served: Served,
  part: OpenAI.ChatCompletionContentPart,
): Promise<string | null | undefined> {
  const { choices } = await client(served).chat.completions.create({
    ...ask(served),
    max_tokens: 60,
    messages: [{ role: "user", content: [{ type: "text", text: "hello" }, part] }],
  });
  return choices[0]?.message.content;
}

/** Far enough apart for weights by chance. */
const TONES = [300, 5_000] as const;

/** A sound as a file. */
function recording(hertz: number): File {
  return new File([tone(hertz)], "tone.wav", { type: "audio/wav" });
}

function row(feature: string, run: Case["run"]): Case {
  return { client: "openai", feature, run };
}

export const OPENAI_CASES: readonly Case[] = [
  row("chat", async (served) => {
    const answer = await client(served).chat.completions.create(ask(served));
    assert.equal(answer.choices[0]?.message.content, served.hello);
    assert.equal(answer.model, served.chat);
    assert.ok(answer.usage !== undefined && answer.usage.prompt_tokens > 0);
  }),
  row("chat, streamed, with usage", async (served) => {
    const stream = await client(served).chat.completions.create({
      ...ask(served),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
      assert.equal(chunk.model, served.chat);
    }
    assert.equal(text, served.hello);
    assert.ok((usage?.completion_tokens ?? 0) > 0);
  }),
  row("`n`", async (served) => {
    const answer = await client(served).chat.completions.create({ ...ask(served), n: 2 });
    const texts = answer.choices.map(({ message }) => message.content);
    assert.deepEqual(texts, [served.hello, served.hello]);
  }),
  row("logprobs", async (served) => {
    const answer = await client(served).chat.completions.create({
      ...ask(served),
      max_tokens: 2,
      logprobs: true,
      top_logprobs: 2,
    });
    const content = answer.choices[0]?.logprobs?.content ?? [];
    assert.deepEqual(content.map(({ top_logprobs }) => top_logprobs.length), [2, 2]);
  }),
  row("tools", async (served) => {
    const answer = await client(served).chat.completions.create({
      ...ask(served),
      tools: TOOLS,
      tool_choice: "required",
    });
    const [call] = answer.choices[0]?.message.tool_calls ?? [];
    assert.ok(call?.type === "function" && call.function.name === WEATHER.name);
    assert.ok(CITIES.includes(JSON.parse(call.function.arguments).city));
  }),
  row("tools, streamed", async (served) => {
    const stream = client(served).chat.completions.stream({
      ...ask(served),
      tools: TOOLS,
      tool_choice: "required",
    });
    const { choices } = await stream.finalChatCompletion();
    const [call] = choices[0]?.message.tool_calls ?? [];
    assert.ok(call?.type === "function");
    assert.ok(CITIES.includes(JSON.parse(call.function.arguments).city));
  }),
  row("JSON schema", async (served) => {
    const answer = await client(served).chat.completions.create({
      ...ask(served),
      response_format: {
        type: "json_schema",
        json_schema: { name: WEATHER.name, schema: { ...WEATHER.schema } },
      },
    });
    assert.ok(CITIES.includes(JSON.parse(answer.choices[0]?.message.content ?? "").city));
  }),
  row("a grammar (llama.cpp's own field)", async (served) => {
    const answer = await client(served).chat.completions.create(
      {
        ...ask(served),
        grammar: 'root ::= "yes" | "no"',
      } as OpenAI.ChatCompletionCreateParamsNonStreaming,
    );
    assert.match(answer.choices[0]?.message.content ?? "", /^(yes|no)$/);
  }),
  row("abort mid-stream", async (served) => {
    const abort = new AbortController();
    const stream = await client(served).chat.completions.create({
      ...ask(served),
      stream: true,
      max_tokens: 2_000,
    }, { signal: abort.signal });
    let chunks = 0;
    for await (const _ of stream) if (++chunks === 3) abort.abort();
    assert.ok(chunks < 20, "the stream ends soon after");
  }),
  row("completions", async (served) => {
    const answer = await client(served).completions.create({
      model: served.chat,
      prompt: "hello",
      max_tokens: 3,
    });
    assert.equal(answer.usage?.completion_tokens, 3);
  }),
  row("responses", async (served) => {
    const answer = await client(served).responses.create({
      model: served.chat,
      temperature: 0,
      input: "hello",
    });
    assert.equal(answer.output_text, served.hello);
  }),
  row("responses, streamed", async (served) => {
    const stream = await client(served).responses.create({
      model: served.chat,
      temperature: 0,
      input: "hello",
      stream: true,
    });
    let text = "";
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    assert.equal(text, served.hello);
  }),
  row("images", async (served) => {
    await assertTellsApart([PICTURES.red, PICTURES.blue], (picture) =>
      describe(served, {
        type: "image_url",
        image_url: { url: `data:image/png;base64,${picture}` },
      }));
  }),
  row("audio", async (served) => {
    await assertTellsApart(TONES, (hertz) =>
      describe(served, {
        type: "input_audio",
        input_audio: { format: "wav", data: base64(tone(hertz)) },
      }));
  }),
  row("transcriptions", async (served) => {
    await assertTellsApart(TONES, async (hertz) => {
      const { text } = await client(served).audio.transcriptions.create({
        model: served.chat,
        temperature: 0,
        file: recording(hertz),
      });
      return text;
    });
  }),
  row("transcriptions, streamed", async (served) => {
    await assertTellsApart(TONES, async (hertz) => {
      const stream = await client(served).audio.transcriptions.create({
        model: served.chat,
        temperature: 0,
        file: recording(hertz),
        stream: true,
      });
      let text = "";
      for await (const event of stream) {
        if (event.type === "transcript.text.delta") text += event.delta;
        else if (event.type === "transcript.text.done") assert.equal(event.text, text);
      }
      return text;
    });
  }),
  row("embeddings", async (served) => {
    const answer = await client(served).embeddings.create({
      model: served.embeddings,
      input: ["hello", "mesh", "hello"],
    });
    const [hello, mesh, again] = answer.data.map(({ embedding }) => embedding);
    assert.ok(hello !== undefined && hello.length > 0);
    assert.deepEqual(hello, again);
    assert.notDeepEqual(hello, mesh);
  }),
  row("models", async (served) => {
    const names = (await client(served).models.list()).data.map(({ id }) => id);
    assert.ok(names.includes(served.chat) && names.includes(served.embeddings));
    assert.equal((await client(served).models.retrieve(served.chat)).id, served.chat);
  }),
  row("errors by their class", async (served) => {
    const unknown = client(served).chat.completions.create({ ...ask(served), model: "absent" });
    await assert.rejects(unknown, OpenAI.NotFoundError);
    const messages = "none" as unknown as [];
    const bad = client(served).chat.completions.create({ ...ask(served), messages });
    await assert.rejects(bad, OpenAI.BadRequestError);
  }),
];
