import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import { type Case, CITIES, type Served, WEATHER } from "./case.ts";
import { assertTellsApart, PICTURES } from "./media.ts";

const client = ({ url }: Served) => new Anthropic({ baseURL: url, apiKey: "none", maxRetries: 0 });

const ask = (served: Served) => ({
  model: served.chat,
  max_tokens: 500,
  temperature: 0,
  messages: [{ role: "user" as const, content: "hello" }],
});

function row(feature: string, run: Case["run"]): Case {
  return { client: "@anthropic-ai/sdk", feature, run };
}

export const ANTHROPIC_CASES: readonly Case[] = [
  row("messages", async (served) => {
    const answer = await client(served).messages.create(ask(served));
    const [block] = answer.content;
    assert.ok(block?.type === "text");
    assert.equal(block.text, served.hello);
    assert.ok(answer.usage.output_tokens > 0);
  }),
  row("messages, streamed", async (served) => {
    const stream = client(served).messages.stream(ask(served));
    let text = "";
    stream.on("text", (delta) => text += delta);
    const answer = await stream.finalMessage();
    assert.equal(text, served.hello);
    assert.equal(answer.model, served.chat);
  }),
  row("tools", async (served) => {
    const answer = await client(served).messages.create({
      ...ask(served),
      tools: [{
        name: WEATHER.name,
        description: WEATHER.description,
        input_schema: { ...WEATHER.schema, required: [...WEATHER.schema.required] },
      }],
      tool_choice: { type: "any" },
    });
    const use = answer.content.find((block) => block.type === "tool_use");
    assert.equal(use?.name, WEATHER.name);
    assert.ok(CITIES.includes((use?.input as { city: unknown }).city));
  }),
  row("images", async (served) => {
    await assertTellsApart([PICTURES.red, PICTURES.blue], async (data) => {
      const { content: [block] } = await client(served).messages.create({
        ...ask(served),
        max_tokens: 20,
        messages: [{
          role: "user",
          content: [
            { type: "text", text: "hello" },
            { type: "image", source: { type: "base64", media_type: "image/png", data } },
          ],
        }],
      });
      return block?.type === "text" ? block.text : null;
    });
  }),
  row("count_tokens", async (served) => {
    const { model, messages } = ask(served);
    assert.ok((await client(served).messages.countTokens({ model, messages })).input_tokens > 0);
  }),
  row("abort mid-stream", async (served) => {
    const stream = client(served).messages.stream(ask(served));
    let deltas = 0;
    stream.on("text", () => ++deltas === 3 && stream.abort());
    await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
    assert.ok(deltas < 20, "the stream ends soon after");
  }),
  row("errors by their class", async (served) => {
    const unknown = client(served).messages.create({ ...ask(served), model: "absent" });
    await assert.rejects(unknown, Anthropic.NotFoundError);
  }),
];
