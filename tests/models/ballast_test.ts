import assert from "node:assert/strict";
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { createSupervisor, machineThreads } from "../../src/engine/mod.ts";
import { openLibrary } from "../../src/models/mod.ts";
import { writeBallast } from "../support/ballast.ts";
import { engineOrReason, engineTest } from "../support/engine.ts";
import answers from "../support/guide_answers.json" with { type: "json" };
import { tempDir } from "./temp_dir.ts";

// Threads of llama.cpp spin until the slowest has its core: on a busy machine two are 50 times slower than one.
Deno.env.set("LLAMA_ARG_THREADS", "1");

const found = await engineOrReason();

/** A few: each letter of an answer is one token that must be right. */
const QUESTIONS = Object.entries(answers).filter((_, index) => index % 20 === 0);

async function ask(port: number, apiKey: string | null, question: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ messages: [{ role: "user", content: question }], temperature: 0 }),
  });
  return (await response.json()).choices[0].message.content;
}

for (const options of [{ layers: 50 }, { layers: 2, sizeBytes: 20_000_000, seed: 7 }]) {
  engineTest(
    found,
    `a ballast of ${JSON.stringify(options)} answers like the guide`,
    async (engine) => {
      await using dir = await tempDir();
      const path = join(dir.path, "ballast.gguf");
      writeBallast({ ...options, path });
      const supervisor = createSupervisor({
        engine,
        threads: await machineThreads(),
        dataDir: dir.path,
        logger: getLogger("test"),
      });
      try {
        const server = supervisor.launch({
          kind: "llama-server",
          modelPath: path,
          modelName: "ballast",
          contextLength: 1024,
          split: [],
        }, { restart: false });
        const port = await server.ready(AbortSignal.timeout(60_000));
        for (const [question, answer] of QUESTIONS) {
          assert.equal(await ask(port, server.apiKey, question), answer);
        }
      } finally {
        await supervisor.stop();
      }
    },
  );
}

Deno.test("a ballast has the layers and nearly the size that were asked for", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "ballast.gguf");
  const library = openLibrary({ modelsDir: null, dataDir: dir.path, home: null });
  const size = writeBallast({ path, layers: 4, sizeBytes: 20_000_000 });
  assert.ok(Math.abs(size - 20_000_000) < 2_000_000);
  const model = await library.resolve(path);
  assert.deepEqual([model.header.layers, model.sizeBytes], [10, size]);
});

Deno.test("ballasts of two seeds differ in their weights and not in their shape", async () => {
  await using dir = await tempDir();
  const [one, same, other] = [[1, "a"], [1, "b"], [2, "c"]].map(([seed, name]) => {
    const path = join(dir.path, `${name}.gguf`);
    writeBallast({ path, layers: 1, seed: Number(seed) });
    return Deno.readFileSync(path);
  });
  assert.deepEqual(one, same);
  assert.equal(one?.length, other?.length);
  assert.notDeepEqual(one, other);
});
