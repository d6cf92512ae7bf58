/** Models that are loaded by request and need the same memory. */

import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual as equal } from "node:util";
import type { Status } from "../../src/api/mod.ts";
import { leastBytes, openLibrary } from "../../src/models/mod.ts";
import { TURN_MS } from "../../src/node/plan/defaults.ts";
import answers from "../support/guide_answers.json" with { type: "json" };
import { GUIDE } from "../models/sample_gguf.ts";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { engineProcesses } from "../support/processes.ts";
import { temporaryFolder } from "../support/program.ts";
import {
  answersExactly,
  answerTo,
  nodeTest,
  QUESTION,
  startServing,
  statuses,
  until,
} from "./mesh_of_nodes.ts";
import { keepAsking } from "./constant_requests.ts";
import { streamedAnswer } from "./streamed_answer.ts";

const AUTO = { contextLength: null, slots: null };
/** For rounding. */
const SLACK = 2_000_000;
const SIZE = 16_000_000;
const PATHS = [1, 2, 3].map((seed) => cachedBallast({ layers: 1, sizeBytes: SIZE, seed }));
const MODELS = PATHS.map((path) => basename(path, ".gguf"));
const [ONE, TWO, THREE] = MODELS as [string, string, string];

async function needBytes(path: string): Promise<number> {
  const library = openLibrary({ modelsDir: null, dataDir: dirname(path), home: null });
  return leastBytes(await library.resolve(path), AUTO);
}

/** A node that has three models, and memory for so many of them beside the guide, which its user named. */
async function startWith(folder: string, models: number, more: readonly string[] = []) {
  for (const path of PATHS) await Deno.copyFile(path, join(folder, basename(path)));
  const bytes = await needBytes(GUIDE) + await needBytes(PATHS[0]!) * models + SLACK;
  return await startServing([
    ...["console", "--models-dir", folder, "--max-vram", String(bytes / 1e9)],
    ...more,
  ]);
}

/** How many models run beside the guide. */
async function served({ pid }: NodeProcess): Promise<number> {
  return (await engineProcesses(pid, "llama-server")).length - 1;
}

/** Callers who do not wait for their answers. */
class Leaving implements Disposable {
  readonly #ending = new AbortController();

  ask(node: NodeProcess, model: string): void {
    const body = JSON.stringify({ model, messages: [{ role: "user", content: QUESTION }] });
    const headers = { "content-type": "application/json" };
    fetch(`${node.ready.api}/v1/chat/completions`, {
      method: "POST",
      headers,
      body,
      signal: this.#ending.signal,
    }).then((response) => response.body?.cancel(), () => {});
  }

  leave(): void {
    this.#ending.abort();
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}

/** Waits until these can be asked for, with their states: machines measure first how near they are. */
async function isListed(node: NodeProcess, expected: Readonly<Record<string, string>>) {
  let found = {};
  try {
    for await (const _ of statuses(node, AbortSignal.timeout(60_000))) {
      const { data } = await (await fetch(`${node.ready.api}/v1/models`)).json();
      found = Object.fromEntries(
        data.map(({ id, state }: Readonly<Record<"id" | "state", string>>) => [id, state]),
      );
      if (equal(found, expected)) return;
    }
  } catch (error) {
    assert.deepEqual(found, expected, String(error));
  }
}

nodeTest("a request takes the place of the model that has been idle longest", async () => {
  await using folder = await temporaryFolder();
  await using node = await startWith(folder.path, 2);
  for (const model of [ONE, TWO, ONE]) await answersExactly(node, model);
  assert.equal(await served(node), 2);
  await answersExactly(node, THREE);
  const { models } = await node.status();
  const warm = models.filter(({ state }) => state === "warm").map(({ name }) => name);
  assert.deepEqual(warm.sort(), [ONE, THREE, "guide"].sort());
});

nodeTest("an answer is not cut by a request for another model, whose caller is told", async () => {
  await using folder = await temporaryFolder();
  await using node = await startWith(folder.path, 1);
  const begun = Promise.withResolvers<void>();
  const long = streamedAnswer(node.ready.api, {
    model: ONE,
    question: QUESTION,
    at: 3,
    then: () => begun.resolve(),
    more: { ignore_eos: true, max_tokens: 600 },
  });
  await Promise.race([begun.promise, long]);
  const other = node.chat(QUESTION, { model: TWO, stream: true });
  await until(
    node,
    "about to change",
    (status) => status.models.some(({ name, state }) => name === TWO && state === "turn"),
  );
  const listed = await (await fetch(`${node.ready.api}/v1/models`)).json();
  assert.equal(listed.data.find(({ id }: { id: string }) => id === TWO).state, "turn");
  const { text, usage } = await long;
  assert.ok(text.startsWith(answerTo(QUESTION).slice(0, 20)));
  assert.equal(usage.completion_tokens, 600);
  assert.equal(await other, answerTo(QUESTION));
  assert.equal(await served(node), 1);
});

nodeTest("nothing is ended for callers who have left", async () => {
  await using folder = await temporaryFolder();
  await using node = await startWith(folder.path, 1);
  await using client = await startServing(["--client", "--join", node.token]);
  using leaving = new Leaving();
  const asking = keepAsking([node], [ONE]);
  await asking.cycle();
  leaving.ask(node, TWO);
  leaving.ask(client, THREE);
  const areNext = (wanted: boolean) => (status: Status) =>
    status.models.filter(({ name }) => name === TWO || name === THREE)
      .every(({ state }) => (state === "turn") === wanted);
  await until(node, "about to change", areNext(true));
  leaving.leave();
  await until(node, "going on", areNext(false));
  assert.deepEqual((await asking.stop()).failures, []);
  await answersExactly(node, ONE);
  const loads = node.lines.filter(({ event, model }) => event === "serving" && model !== "guide");
  assert.deepEqual(loads.map(({ model }) => model), [ONE]);
});

nodeTest("two models that need the same memory answer a hundred requests by turns", async () => {
  await using folder = await temporaryFolder();
  await using node = await startWith(folder.path, 1);
  await using client = await startServing(["--client", "--join", node.token]);
  const questions = Object.entries(answers);
  let seed = 7;
  const random = (below: number) => (seed = seed * 48_271 % 2_147_483_647) % below;
  const startedMs = performance.now();
  const asks = Array.from({ length: 100 }, async (_, index) => {
    const [question, answer] = questions[random(questions.length)]!;
    const model = [ONE, TWO][random(2)]!;
    const from = index % 4 === 0 ? client : node;
    assert.equal(await from.chat(question, { model, stream: index % 2 === 0 }), answer);
  });
  await Promise.all(asks);
  // The guide, which stays, is loaded anew for giving back what it can do without.
  const order = node.lines.filter(({ event, model }) => event === "serving" && model !== "guide")
    .map(({ model }) => model);
  const loads = order.length;
  assert.ok(
    order.every((model, at) => model !== order[at - 1]),
    `each waits for one turn: ${order}`,
  );
  // The loads of a turn at least, whatever the machine's pace: docs/defaults.md.
  const turns = Math.ceil((performance.now() - startedMs) / TURN_MS);
  assert.ok(loads <= turns + 2, `${loads} loads in ${turns} turns`);
});

nodeTest(
  "a request loads a model that two machines hold only together, and gives them back",
  async () => {
    const large = cachedBallast({ layers: 2, sizeBytes: 30_000_000, seed: 1 });
    const [LARGE, needed] = [basename(large, ".gguf"), await needBytes(large)];
    const bytes = Math.round(needed * 0.75);
    assert.ok(await needBytes(PATHS[0]!) + needed / 2 > bytes, "there is no room for both");
    await using folder = await temporaryFolder();
    for (const path of [large, PATHS[0]!]) {
      await Deno.copyFile(path, join(folder.path, basename(path)));
    }
    const args = (more: number) => [
      ...["--models-dir", folder.path, "--max-vram", String((bytes + more) / 1e9)],
    ];
    await using first = await startServing(["console", ...args(await needBytes(GUIDE))]);
    await using second = await startServing(["--join", first.token, ...args(0)]);
    await until(first, "of two", ({ peers }) => peers.length === 1);
    await isListed(second, { [LARGE]: "cold", [ONE]: "cold", guide: "warm" });

    const begun = Promise.withResolvers<void>();
    const long = streamedAnswer(second.ready.api, {
      model: LARGE,
      question: QUESTION,
      at: 3,
      then: () => begun.resolve(),
      more: { ignore_eos: true, max_tokens: 300 },
    });
    await Promise.race([begun.promise, long]);
    const isSplit = ({ models }: Status) =>
      models.some((one) => one.name === LARGE && one.state === "warm" && one.mode === "split");
    await until(first, "split", isSplit);
    const other = first.chat(QUESTION, { model: ONE });
    const { text, usage } = await long;
    assert.ok(text.startsWith(answerTo(QUESTION).slice(0, 20)));
    assert.equal(usage.completion_tokens, 300);
    assert.equal(await other, answerTo(QUESTION));
    await until(
      second,
      "not split",
      ({ models }) => models.some(({ name, state }) => name === LARGE && state === "cold"),
    );

    await answersExactly(first, LARGE);
    const { models } = await until(second, "split again", isSplit);
    assert.ok(models.every(({ name, state }) => name !== ONE || state === "cold"));
  },
);
