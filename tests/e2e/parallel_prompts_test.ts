/** Many long prompts at one time: what is announced as context holds for each of them. */

import assert from "node:assert/strict";
import type { NodeProcess } from "../support/node_process.ts";
import { nodeTest, startServing, until } from "./mesh_of_nodes.ts";

const CONTEXT = 1_536;
const REQUESTS = 50;
/** Each is asked alone first; they differ from their first token on, so that none finds its like in a slot. */
const PROMPTS = [..."abcde"].map((letter) =>
  `${letter}: ${"the mesh answers. ".repeat(55)}\nuser: what is a mesh?\nassistant: `
);

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly promptTokens: number;
}

async function ask({ ready: { api } }: NodeProcess, prompt: string): Promise<Answer> {
  const response = await fetch(`${api}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "guide", prompt, max_tokens: 24, temperature: 0 }),
  });
  const { choices, usage, error } = await response.json();
  return {
    status: response.status,
    text: choices?.[0].text ?? JSON.stringify(error),
    promptTokens: usage?.prompt_tokens ?? 0,
  };
}

// With a context that was shared, four prompts of a third of it got 500 "Context size has been exceeded", all of them.
for (const slots of [1, 2, 4]) {
  nodeTest(
    `${REQUESTS} prompts of most of the context at one time, ${slots} slots: all are answered`,
    async () => {
      const shape = ["--ctx", String(CONTEXT), "--parallel", String(slots)];
      await using node = await startServing(["--model", "guide", ...shape]);
      const { models } = await until(
        node,
        "guide is warm",
        ({ models }) => models.some(({ name, state }) => name === "guide" && state === "warm"),
      );
      const instance = models.find(({ name }) => name === "guide")?.instances[0];
      assert.deepEqual([instance?.contextLength, instance?.slots], [CONTEXT, slots]);
      const alone: Answer[] = [];
      for (const prompt of PROMPTS) alone.push(await ask(node, prompt));
      for (const { status, text, promptTokens } of alone) {
        assert.equal(status, 200, text);
        assert.ok(promptTokens >= 0.6 * CONTEXT, `${promptTokens} tokens of ${CONTEXT}`);
      }
      const answers = await Promise.all(
        Array.from({ length: REQUESTS }, (_, n) => ask(node, PROMPTS[n % PROMPTS.length]!)),
      );
      for (const [n, answer] of answers.entries()) {
        assert.deepEqual(answer, alone[n % PROMPTS.length]);
      }
    },
  );
}
