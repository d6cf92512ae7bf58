import assert from "node:assert/strict";
import { type Case, CITIES, lazyRow, type Served, WEATHER } from "./case.ts";

/** Loaded only where it runs: it listens for signals, and for rejections that nobody handles, and ends its process. */
const load = () =>
  // @ts-types="./clients.d.ts"
  import("@openai/agents");

type Sdk = Awaited<ReturnType<typeof load>>;

const runner = ({ OpenAIProvider, Runner }: Sdk, { url }: Served, useResponses: boolean) =>
  new Runner({
    modelProvider: new OpenAIProvider({ baseURL: `${url}/v1`, apiKey: "none", useResponses }),
    tracingDisabled: true,
  });

const agent = ({ Agent }: Sdk, { chat }: Served, more: object = {}) =>
  new Agent({ name: "helper", model: chat, modelSettings: { temperature: 0 }, ...more });

const row = lazyRow("@openai/agents", load);

export const AGENTS_CASES: readonly Case[] = [
  row("run, by chat completions", async (served, sdk) => {
    const { finalOutput } = await runner(sdk, served, false).run(agent(sdk, served), "hello");
    assert.equal(finalOutput, served.hello);
  }),
  row("run, by responses", async (served, sdk) => {
    const { finalOutput } = await runner(sdk, served, true).run(agent(sdk, served), "hello");
    assert.equal(finalOutput, served.hello);
  }),
  row("run, streamed", async (served, sdk) => {
    const run = await runner(sdk, served, false).run(agent(sdk, served), "hello", { stream: true });
    let text = "";
    for await (const piece of run.toTextStream()) text += piece;
    await run.completed;
    assert.equal(text, served.hello);
  }),
  row("a tool that the agent runs", async (served, sdk) => {
    const asked: unknown[] = [];
    const weather = sdk.tool({
      name: WEATHER.name,
      description: WEATHER.description,
      parameters: WEATHER.schema,
      execute: ({ city }: { city: unknown }) => {
        asked.push(city);
        return "sunny";
      },
    });
    const helper = agent(sdk, served, {
      tools: [weather],
      modelSettings: { temperature: 0, toolChoice: "required" },
      toolUseBehavior: "stop_on_first_tool",
    });
    const { finalOutput } = await runner(sdk, served, false).run(helper, "hello");
    assert.deepEqual([finalOutput, asked.every((city) => CITIES.includes(city))], ["sunny", true]);
    assert.ok(asked.length > 0);
  }),
];
