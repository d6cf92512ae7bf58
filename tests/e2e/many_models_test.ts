/** One node that serves several models at once, each by a llama-server of its own. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { cachedBallast } from "../support/ballast.ts";
import { writePooledModel } from "../support/guide_variants.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { engineProcesses } from "../support/processes.ts";
import { temporaryFolder } from "../support/program.ts";
import {
  answersExactly,
  answerTo,
  nodeTest,
  QUESTION,
  startServing,
  until,
} from "./mesh_of_nodes.ts";
import { streamedAnswer } from "./streamed_answer.ts";

/** Slow enough for a stream that others end beside. */
const SLOW = cachedBallast({ layers: 2, sizeBytes: 30_000_000 });

interface Models {
  readonly chats: readonly string[];
  readonly embedder: string;
  readonly reranker: string;
}

/** The list that the answer has under this name. */
async function listOf(
  node: NodeProcess,
  [path, name]: readonly [string, string],
  body: object,
): Promise<readonly { readonly embedding?: readonly number[] }[]> {
  const response = await fetch(`${node.ready.api}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${path}: ${response.status} ${text}`);
  return JSON.parse(text)[name];
}

async function embeds(node: NodeProcess, model: string): Promise<void> {
  const [first] = await listOf(node, ["/v1/embeddings", "data"], { model, input: "hello" });
  assert.ok((first?.embedding?.length ?? 0) > 0);
}

async function ranks(node: NodeProcess, model: string): Promise<void> {
  const documents = ["a mesh", "a cat"];
  const body = { model, query: "hello", documents };
  const results = await listOf(node, ["/v1/rerank", "results"], body);
  assert.equal(results.length, documents.length);
}

async function answersAll(node: NodeProcess, { chats, embedder, reranker }: Models): Promise<void> {
  for (const model of chats) await answersExactly(node, model);
  await embeds(node, embedder);
  await ranks(node, reranker);
}

/** Kills the llama-server of the model while all other models are asked, and waits until it serves again. */
async function killsOnly(victim: string, node: NodeProcess, client: NodeProcess, models: Models) {
  const since = node.lines.length;
  const told = client.lines.length;
  const begun = models.chats.filter((model) => model !== victim).map((model) => {
    const atPiece = Promise.withResolvers<void>();
    const answer = streamedAnswer(client.ready.api, {
      model,
      question: QUESTION,
      at: 5,
      then: () => atPiece.resolve(),
    });
    return { model, answer, atPiece: Promise.race([atPiece.promise, answer]) };
  });
  await Promise.all(begun.map(({ atPiece }) => atPiece));
  const servers = await engineProcesses(node.pid, "llama-server");
  const server = servers.find(({ command }) => command.includes(`${victim}.gguf`));
  assert.ok(server !== undefined, `${victim} runs`);
  Deno.kill(server.pid, "SIGKILL");
  const { embedder, reranker } = models;
  const asked = [
    ...(victim === embedder ? [] : [embeds(client, embedder)]),
    ...(victim === reranker ? [] : [ranks(client, reranker)]),
  ];
  const answers = await Promise.all(begun.map(({ answer }) => answer));
  await Promise.all(asked);
  for (const { text, ends } of answers) assert.deepEqual([text, ends], [answerTo(QUESTION), 1]);
  await node.serving(victim, { since });
  const interrupted = client.lines.slice(told).filter(({ message }) =>
    message.includes("does not answer") || message.includes("goes on for")
  );
  assert.deepEqual(interrupted, []);
  const still = await engineProcesses(node.pid, "llama-server");
  const others = servers.filter(({ pid }) => pid !== server.pid).map(({ pid }) => pid);
  for (const pid of others) assert.ok(still.some((one) => one.pid === pid), "the others live on");
}

nodeTest(
  "chat models, embeddings and a reranker of one node; a crash of each is its own",
  async () => {
    await using folder = await temporaryFolder();
    const path = (name: string) => join(folder.path, `${name}.gguf`);
    writePooledModel(path("embedder"), "embeddings");
    writePooledModel(path("reranker"), "reranking");
    const files = [SLOW, "guide", path("embedder"), path("reranker")];
    const models = {
      chats: [basename(SLOW, ".gguf"), "guide"],
      embedder: "embedder",
      reranker: "reranker",
    };
    await using node = await startServing(files.flatMap((file) => ["--model", file]));
    await using client = await startServing(["--client", "--join", node.token]);
    const names = files.map((file) => basename(file, ".gguf"));
    await until(
      client,
      "all warm",
      ({ models: seen }) =>
        names.every((name) => seen.some((one) => one.name === name && one.state === "warm")),
    );
    const loaded = node.lines.filter(({ event }) => event === "serving").map(({ model }) => model);
    assert.deepEqual(loaded, names, "one after the other, in the order of the command line");
    for (const one of [node, client]) await answersAll(one, models);
    for (const victim of names) await killsOnly(victim, node, client, models);
    await answersAll(client, models);
  },
);

nodeTest(
  "a user adds a model to those of a node, and takes one away: the others go on, and a restart knows",
  async () => {
    await using folder = await temporaryFolder();
    const models = join(folder.path, "models");
    const dataDir = join(folder.path, "data");
    await Deno.mkdir(models);
    for (const name of ["x", "y"]) {
      await Deno.copyFile(cachedBallast({ layers: 1 }), join(models, `${name}.gguf`));
    }
    const start = () => startServing(["--model", "x", "--models-dir", models], { dataDir });
    const served = async (node: NodeProcess) => {
      const servers = await engineProcesses(node.pid, "llama-server");
      return new Map(servers.map(({ pid, command }) => [/(\w+)\.gguf/.exec(command)?.[1], pid]));
    };
    {
      await using node = await start();
      await node.serving("x");
      const before = await served(node);
      for (const name of ["y", "guide"]) {
        await post(node, `${name}/serve`);
        await node.serving(name);
      }
      await post(node, "y/drop");
      const after = await served(node);
      assert.deepEqual([...after.keys()].sort(), ["guide", "x"]);
      assert.equal(after.get("x"), before.get("x"));
      for (const model of ["x", "guide"]) await answersExactly(node, model);
    }
    await using again = await start();
    for (const name of ["x", "guide"]) await again.serving(name);
    const loaded = again.lines.filter(({ event }) => event === "serving").map(({ model }) => model);
    assert.deepEqual(loaded, ["guide", "x"], "the latest choice first");
  },
);

nodeTest(
  "a request loads what lies beside the model that the user named, also for a client",
  async () => {
    await using folder = await temporaryFolder();
    await Deno.copyFile(cachedBallast({ layers: 1 }), join(folder.path, "other.gguf"));
    await using node = await startServing(["--model", "guide", "--models-dir", folder.path]);
    await node.serving("guide");
    await using client = await startServing(["--client", "--join", node.token]);
    await answersExactly(client, "other");
    await answersExactly(node, "guide");
    const servers = await engineProcesses(node.pid, "llama-server");
    assert.equal(servers.length, 2);
  },
);

async function post(node: NodeProcess, action: string): Promise<void> {
  const response = await fetch(`${node.ready.console}/api/models/${action}`, { method: "POST" });
  const text = await response.text();
  assert.ok(response.ok, `${action}: ${response.status} ${text}`);
}
