/** The announced context holds for each request, whatever others ask at the same time. */

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { leastBytes, openLibrary } from "../../src/models/mod.ts";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const TRAINED = 2_048;
const AUTO = { contextLength: null, slots: null };

/** A prompt of that many tokens in all but a few. */
function prompt(tokens: number, seed: number): number[] {
  return Array.from({ length: tokens }, (_, index) => 20 + (index * 7 + seed) % 100);
}

async function asks(node: NodeProcess, tokens: number, seed: number): Promise<number> {
  const response = await fetch(`${node.ready.api}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "guide", prompt: prompt(tokens, seed), max_tokens: 8 }),
  });
  const body = await response.json();
  if (response.status === 200) assert.ok(body.usage.prompt_tokens >= tokens, JSON.stringify(body));
  return response.status;
}

for (const slots of [1, 2, 4]) {
  nodeTest(
    `four requests that each fill most of the context all answer, with ${slots} slots`,
    async () => {
      const args = ["--model", "guide", "--ctx", "100000", "--parallel", String(slots)];
      await using node = await startServing(args);
      await node.serving("guide");
      const list = await (await fetch(`${node.ready.api}/v1/models`)).json();
      assert.equal(list.data[0].context_length, TRAINED);
      const { models } = await node.status();
      const [instance] = models.find(({ name }) => name === "guide")?.instances ?? [];
      assert.equal(instance?.slots, slots);
      assert.match(instance?.notes?.join() ?? "", /trained for a context of 2,048 tokens/);
      const codes = await Promise.all([1, 2, 3, 4].map((seed) => asks(node, 1_900, seed)));
      assert.deepEqual(codes, [200, 200, 200, 200]);
    },
  );
}

nodeTest("a model gives back what it can do without where a second one needs it", async () => {
  const path = cachedBallast({ layers: 10, sizeBytes: 100_000_000 });
  const model = await openLibrary({ modelsDir: null, dataDir: dirname(path), home: null })
    .resolve(path);
  // The guide takes slots of half of what the other one needs to the last megabytes.
  const bytes = leastBytes(model, AUTO) + 15_000_000;
  const args = ["--models-dir", dirname(path), "--max-vram", String(bytes / 1e9)];
  await using node = await startServing(["--model", "guide", ...args]);
  const slotsOf = async (name: string) =>
    (await node.status()).models.find((one) => one.name === name)?.instances[0]?.slots;
  await node.serving("guide");
  assert.equal(await slotsOf("guide"), 4);
  const url = `${node.ready.console}/api/models/${model.name}/serve`;
  const asked = await fetch(url, { method: "POST" });
  await asked.body?.cancel();
  assert.ok(asked.ok, `${asked.status}`);
  await until(node, "both", (status) => warm("guide")(status) && warm(model.name)(status));
  assert.equal(await slotsOf("guide"), 1);
  await answersExactly(node, "guide");
  await answersExactly(node, model.name);
});
