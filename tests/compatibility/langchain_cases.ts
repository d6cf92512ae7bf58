import assert from "node:assert/strict";
import { type Case, CITIES, type Served, WEATHER } from "./case.ts";

const loadAnthropic = () =>
  // @ts-types="./clients.d.ts"
  import("@langchain/anthropic");

const loadOllama = () =>
  // @ts-types="./clients.d.ts"
  import("@langchain/ollama");

const loadOpenAI = () =>
  // @ts-types="./clients.d.ts"
  import("@langchain/openai");

const COMMON = { temperature: 0, maxRetries: 0 };

async function ollama({ url, chat }: Served) {
  const { ChatOllama } = await loadOllama();
  return new ChatOllama({ ...COMMON, baseUrl: url, model: chat });
}

async function openai({ url, chat }: Served) {
  const { ChatOpenAI } = await loadOpenAI();
  const configuration = { baseURL: `${url}/v1` };
  return new ChatOpenAI({ ...COMMON, model: chat, apiKey: "none", configuration });
}

async function anthropic({ url, chat }: Served) {
  const { ChatAnthropic } = await loadAnthropic();
  const asked = { model: chat, apiKey: "none", maxTokens: 500, anthropicApiUrl: url };
  return new ChatAnthropic({ ...COMMON, ...asked });
}

const TOOL = {
  type: "function",
  function: { name: WEATHER.name, description: WEATHER.description, parameters: WEATHER.schema },
};

const CLIENTS = [
  ["@langchain/ollama", ollama],
  ["@langchain/openai", openai],
  ["@langchain/anthropic", anthropic],
] as const;

/** The features that all three have. */
const COMMON_CASES: readonly Case[] = CLIENTS.flatMap(([client, chat]): Case[] => [
  {
    client,
    feature: "invoke",
    run: async (served) => {
      const { text, usage_metadata } = await (await chat(served)).invoke("hello");
      assert.equal(text, served.hello);
      assert.ok((usage_metadata?.output_tokens ?? 0) > 0);
    },
  },
  {
    client,
    feature: "stream",
    run: async (served) => {
      let text = "";
      for await (const piece of await (await chat(served)).stream("hello")) text += piece.text;
      assert.equal(text, served.hello);
    },
  },
]);

/** Ollama's API has no way to make a model call a tool. */
const TOOL_CASES: readonly Case[] = ([
  ["@langchain/openai", openai, "required"],
  ["@langchain/anthropic", anthropic, "any"],
] as const).map(([client, chat, tool_choice]) => ({
  client,
  feature: "tools",
  run: async (served) => {
    const asking = (await chat(served)).bindTools([TOOL], { tool_choice });
    const answer = await asking.invoke("hello");
    const [call] = answer.tool_calls ?? [];
    assert.equal(call?.name, WEATHER.name);
    assert.ok(CITIES.includes(call?.args.city));
  },
}));

export const LANGCHAIN_CASES: readonly Case[] = [
  ...COMMON_CASES,
  ...TOOL_CASES,
  {
    client: "@langchain/ollama",
    feature: "withStructuredOutput",
    run: async (served) => {
      const method = { method: "jsonSchema" };
      const asking = (await ollama(served)).withStructuredOutput(WEATHER.schema, method);
      const { city } = await asking.invoke("hello") as { city: unknown };
      assert.ok(CITIES.includes(city));
    },
  },
  {
    client: "@langchain/ollama",
    feature: "embeddings",
    run: async ({ url, embeddings: model }) => {
      const { OllamaEmbeddings } = await loadOllama();
      const vectors = await new OllamaEmbeddings({ baseUrl: url, model, maxRetries: 0 })
        .embedDocuments(["mesh", "hello"]);
      assert.deepEqual([vectors.length, vectors[0]!.length > 1], [2, true]);
    },
  },
  {
    client: "@langchain/openai",
    feature: "embeddings",
    run: async ({ url, embeddings: model }) => {
      const { OpenAIEmbeddings } = await loadOpenAI();
      const configuration = { baseURL: `${url}/v1` };
      const vectors = await new OpenAIEmbeddings({ apiKey: "none", model, configuration })
        .embedDocuments(["mesh", "hello"]);
      assert.deepEqual([vectors.length, vectors[0]!.length > 1], [2, true]);
    },
  },
];
