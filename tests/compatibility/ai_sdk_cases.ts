import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
// @ts-types="./ai_sdk.d.ts"
import { embedMany, generateText, jsonSchema, Output, streamText, tool } from "ai";
import assert from "node:assert/strict";
import { type Case, CITIES, type Served, WEATHER } from "./case.ts";

const provider = ({ url }: Served) =>
  createOpenAICompatible({
    name: "mesh-llm",
    baseURL: `${url}/v1`,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });

const ask = (served: Served) => ({
  model: provider(served)(served.chat),
  temperature: 0,
  maxRetries: 0,
  prompt: "hello",
});

const SCHEMA = jsonSchema(WEATHER.schema);

function row(feature: string, run: Case["run"]): Case {
  return { client: "@ai-sdk/openai-compatible", feature, run };
}

export const AI_SDK_CASES: readonly Case[] = [
  row("generateText", async (served) => {
    const { text, usage } = await generateText(ask(served));
    assert.equal(text, served.hello);
    assert.ok((usage.outputTokens ?? 0) > 0);
  }),
  row("streamText", async (served) => {
    const { textStream, usage } = streamText(ask(served));
    assert.equal((await Array.fromAsync(textStream)).join(""), served.hello);
    assert.ok(((await usage).inputTokens ?? 0) > 0);
  }),
  row("tools", async (served) => {
    const { toolCalls } = await generateText({
      ...ask(served),
      tools: { weather: tool({ description: WEATHER.description, inputSchema: SCHEMA }) },
      toolChoice: "required",
    });
    assert.ok(CITIES.includes(toolCalls[0]?.input.city));
  }),
  row("JSON schema", async (served) => {
    const { output } = await generateText({
      ...ask(served),
      output: Output.object({ schema: SCHEMA }),
    });
    assert.ok(CITIES.includes(output.city));
  }),
  row("embedMany", async (served) => {
    const model = provider(served).embeddingModel(served.embeddings);
    const values = ["hello", "mesh"];
    const { embeddings } = await embedMany({ model, values, maxRetries: 0 });
    assert.equal(embeddings.length, 2);
    assert.notDeepEqual(embeddings[0], embeddings[1]);
  }),
  row("abort mid-stream", async (served) => {
    const abort = new AbortController();
    const { textStream } = streamText({ ...ask(served), abortSignal: abort.signal });
    let deltas = 0;
    for await (const _ of textStream) if (++deltas === 3) abort.abort();
    assert.ok(deltas < 20, "the stream ends soon after");
  }),
];
