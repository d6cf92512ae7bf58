import assert from "node:assert/strict";
import { type Case, CITIES, lazyRow, type Served, WEATHER } from "./case.ts";

const loadSdk = () =>
  // @ts-types="./ai_sdk.d.ts"
  import("ai");

const loadProvider = () =>
  // @ts-types="./clients.d.ts"
  import("ai-sdk-ollama");

async function ask({ url, chat }: Served) {
  const { createOllama } = await loadProvider();
  const model = createOllama({ baseURL: url })(chat);
  return { model, temperature: 0, maxRetries: 0, prompt: "hello" };
}

const row = lazyRow("ai-sdk-ollama", loadSdk);

export const OLLAMA_PROVIDER_CASES: readonly Case[] = [
  row("generateText", async (served, sdk) => {
    assert.equal((await sdk.generateText(await ask(served))).text, served.hello);
  }),
  row("streamText", async (served, sdk) => {
    let text = "";
    for await (const piece of sdk.streamText(await ask(served)).textStream) text += piece;
    assert.equal(text, served.hello);
  }),
  row("JSON schema", async (served, sdk) => {
    const output = sdk.Output.object({ schema: sdk.jsonSchema(WEATHER.schema) });
    const answer = await sdk.generateText({ ...await ask(served), output });
    assert.ok(CITIES.includes(answer.output.city));
  }),
];
