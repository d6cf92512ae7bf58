import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { leastBytes, openLibrary } from "../../src/models/mod.ts";
import { GUIDE } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { engineProcesses } from "../support/processes.ts";
import {
  answersExactly,
  answerTo,
  nodeTest,
  QUESTION,
  startServing,
  until,
  warm,
} from "./mesh_of_nodes.ts";

/** About 15 ms a token on one thread. */
const SLOW = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });

nodeTest(
  "a model that nobody asks for gives its memory back, and a request loads it again",
  async () => {
    await using node = await startServing(["--model", "guide", "--idle-unload", "1s"]);
    await node.serving("guide");
    await node.waitFor("resting");
    await until(node, "idle", ({ node: { role } }) => role === "standby");
    assert.deepEqual(await engineProcesses(node.pid, "llama-server"), []);
    await answersExactly(node);
  },
);

nodeTest("one model rests by its own settings while another of the node stays", async () => {
  await using dir = await tempDir();
  await Deno.copyFile(GUIDE, join(dir.path, "brief.gguf"));
  const dataDir = join(dir.path, "data");
  await Deno.mkdir(dataDir, { mode: 0o700 });
  await Deno.writeTextFile(
    join(dataDir, "config.toml"),
    '[model."guide"]\npin = true\n[model."brief"]\npin = true\nidle_unload = "1s"\n',
    { mode: 0o600 },
  );
  await using node = await startServing(["--models-dir", dir.path], { dataDir });
  await node.serving("guide");
  await node.serving("brief");
  const servers = () => engineProcesses(node.pid, "llama-server");
  const stays = async () => {
    const { models } = await until(
      node,
      "with guide alone",
      ({ models }) => models.some(({ name, state }) => name === "brief" && state === "cold"),
    );
    assert.equal(models.find(({ name }) => name === "guide")?.state, "warm");
    const [server, ...others] = await servers();
    assert.deepEqual(others, []);
    return server?.pid;
  };
  const guide = await stays();
  const since = node.lines.length;
  await answersExactly(node, "brief");
  assert.deepEqual((await listedBy(node)).filter((one) => one.endsWith("warm")), [
    "brief warm",
    "guide warm",
  ]);
  await node.waitFor("resting", { since });
  assert.equal(await stays(), guide);
  await answersExactly(node);
});

nodeTest("keep_alive unloads a model after its answer, also through another node", async () => {
  await using host = await startServing(["--model", "guide"]);
  await host.serving("guide");
  await using client = await startServing(["--client", "--join", host.token]);
  let since = 0;
  for (const { ready: { api } } of [host, client]) {
    const body = { model: "guide", prompt: "hello", stream: false, keep_alive: 0 };
    const response = await fetch(`${api}/api/generate`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    assert.equal((await response.json()).response, answerTo("hello"));
    const { message } = await host.waitFor("resting", { since });
    assert.match(String(message), /as the last one has asked/);
    since = host.lines.length;
    await until(host, "without the model", ({ models }) => models.every(isCold));
    await answersExactly(host);
  }
});

// Their caller chooses ids: an agent may give one to all that it asks for one task.
nodeTest("a model is not unloaded under an answer whose id another answer had", async () => {
  await using node = await startServing(["--model", SLOW, "--idle-unload", "1s"]);
  const model = basename(SLOW, ".gguf");
  await node.serving(model);
  const ask = (tokens: number) =>
    fetch(`${node.ready.api}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-request-id": "one-task" },
      body: JSON.stringify({ model, prompt: "a mesh", max_tokens: tokens, ignore_eos: true }),
    });
  const long = ask(1_000).then((response) => response.json());
  await (await ask(1)).body?.cancel();
  const { usage } = await long;
  assert.equal(usage.completion_tokens, 1_000);
  assert.deepEqual(node.lines.filter(({ event }) => event === "resting"), []);
});

nodeTest(
  "a cold model on a standby's disk is loaded for the first request of another node",
  async () => {
    await using dir = await tempDir();
    await Deno.copyFile(GUIDE, join(dir.path, "elsewhere.gguf"));
    await using host = await startServing(["--model", "guide"]);
    await host.serving("guide");
    const joining = ["--join", host.ready.token ?? "", "--models-dir", dir.path];
    await using standby = await startServing(joining);
    await until(host, "of two", ({ peers }) => peers.length === 1);
    assert.deepEqual(await listedBy(host), ["guide warm", "elsewhere cold"]);
    await answersExactly(host, "elsewhere");
    assert.deepEqual(await listedBy(host), ["elsewhere warm", "guide warm"]);
    const { models } = await host.status();
    const served = models.find(({ name }) => name === "elsewhere");
    assert.deepEqual(served?.hosts, [standby.ready.node]);
    assert.equal((await refusalOf(host, "no-such-model")).status, 404);
  },
);

nodeTest("a client's request loads a cold model of another node", async () => {
  await using dir = await tempDir();
  await Deno.copyFile(GUIDE, join(dir.path, "elsewhere.gguf"));
  await using host = await startServing(["--model", "guide"]);
  await host.serving("guide");
  const joining = ["--join", host.token, "--models-dir", dir.path];
  await using standby = await startServing(joining);
  await until(host, "of two", ({ peers }) => peers.length === 1);
  await using client = await startServing(["--client", "--join", host.token]);
  assert.deepEqual(await listedBy(client), ["guide warm", "elsewhere cold"]);
  const { models: tags } = await (await fetch(`${client.ready.api}/api/tags`)).json();
  assert.deepEqual(tags.map(({ name }: { name: string }) => name), [
    "guide:latest",
    "elsewhere:latest",
  ]);
  await answersExactly(client, "ELSEWHERE");
  await standby.serving("elsewhere");
  const { status, error } = await refusalOf(client, "no-such-model");
  assert.equal(status, 404);
  assert.match(error, /no-such-model/);
  assert.ok(!(await host.status()).models.some(({ name }) => name === "no-such-model"));
});

nodeTest("no request makes a machine load whose owner has switched that off", async () => {
  await using dir = await tempDir();
  await Deno.copyFile(GUIDE, join(dir.path, "elsewhere.gguf"));
  await using host = await startServing(["--model", "guide"]);
  await host.serving("guide");
  const joining = ["--join", host.token, "--models-dir", dir.path];
  await using quiet = await startServing([...joining, "--no-load-on-request"]);
  await until(host, "of two", ({ peers }) => peers.length === 1);
  assert.equal((await host.status()).peers[0]?.loadsOnRequest, false);
  await using client = await startServing(["--client", "--join", host.token]);
  for (const node of [host, quiet, client]) {
    const { status, error } = await refusalOf(node, "elsewhere");
    assert.equal(status, 404, error);
    assert.match(error, /'elsewhere' .* loading by request is switched off/);
    assert.deepEqual(await listedBy(node), ["guide warm"]);
  }
  const here = (await quiet.status()).models.find(({ name }) => name === "elsewhere");
  assert.deepEqual([here?.state, here?.onDisk], ["cold", true]);
  await using willing = await startServing(joining);
  await until(host, "of three", ({ peers }) => peers.length === 2);
  await answersExactly(client, "elsewhere");
  const { models } = await client.status();
  const hosts = models.find(({ name }) => name === "elsewhere")?.hosts;
  assert.deepEqual(hosts, [willing.ready.node]);
});

/** As `GET /v1/models` has it. */
async function listedBy({ ready: { api } }: NodeProcess): Promise<string[]> {
  const { data } = await (await fetch(`${api}/v1/models`)).json();
  return data.map(({ id, state }: { id: string; state: string }) => `${id} ${state}`);
}

async function refusalOf({ ready: { api } }: NodeProcess, model: string) {
  const response = await fetch(`${api}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [] }),
  });
  return { status: response.status, error: (await response.json()).error.message };
}

function isCold({ state }: Status["models"][number]): boolean {
  return state === "cold";
}

/** Trained for more than a request gets by itself. */
const LONG = cachedBallast({ layers: 0, trained: 65_536 });
const LONG_NAME = basename(LONG, ".gguf");

/** The most memory that the model takes with so large a context. */
async function bytesWith(contextLength: number): Promise<number> {
  const library = openLibrary({ modelsDir: null, dataDir: dirname(LONG), home: null });
  return leastBytes(await library.resolve(LONG), { contextLength, slots: null }) + 2_000_000;
}

async function askWithRoom(
  node: NodeProcess,
  num_ctx?: number,
  question: string = QUESTION,
): Promise<string> {
  const response = await fetch(`${node.ready.api}/api/chat`, {
    method: "POST",
    body: JSON.stringify({
      model: LONG_NAME,
      messages: [{ role: "user", content: question }],
      options: { temperature: 0, ...(num_ctx === undefined ? {} : { num_ctx }) },
      stream: false,
    }),
  });
  const { message, error } = await response.json();
  return message?.content ?? error;
}

async function listedContext(node: NodeProcess): Promise<number> {
  const { data } = await (await fetch(`${node.ready.api}/v1/models`)).json();
  return data[0].context_length;
}

nodeTest(
  "num_ctx has a model loaded anew with more room, where there is memory for it",
  async () => {
    await using dir = await tempDir();
    await Deno.copyFile(LONG, join(dir.path, basename(LONG)));
    const args = ["--models-dir", dir.path, "--max-vram", String(await bytesWith(40_000) / 1e9)];
    await using node = await startServing(["--model", LONG_NAME, ...args]);
    await node.serving(LONG_NAME);
    await using client = await startServing(["--client", "--join", node.token]);
    assert.equal(await askWithRoom(node), answerTo(QUESTION));
    assert.equal(await listedContext(node), 32_768);
    const answers = await Promise.all([
      askWithRoom(client, 40_000),
      askWithRoom(node, 36_000),
      askWithRoom(client, 100),
    ]);
    assert.deepEqual(answers, [1, 2, 3].map(() => answerTo(QUESTION)));
    assert.equal(await listedContext(node), 40_000);
    const [server] = await engineProcesses(node.pid, "llama-server");
    assert.match(await askWithRoom(client, 60_000), /60000 .* 40000: .* GB of memory/);
    assert.match(await askWithRoom(node, 70_000), /70000 .* 40000: .* 65536/);
    assert.equal(await askWithRoom(node, 33_000), answerTo(QUESTION));
    assert.deepEqual(await engineProcesses(node.pid, "llama-server"), [server], "it goes on");
  },
);

nodeTest("num_ctx has a split loaded anew on all its machines, where they have room", async () => {
  await using dir = await tempDir();
  await Deno.copyFile(LONG, join(dir.path, basename(LONG)));
  const gigabytes = await bytesWith(40_000) / 1e9;
  // The one that offers more is the host.
  const offering = (part: number) => [
    ...["--models-dir", dir.path, "--max-vram", String(gigabytes * part)],
  ];
  await using host = await startServing(["--model", LONG_NAME, "--split", ...offering(0.6)]);
  await using worker = await startServing(["--join", host.token, ...offering(0.4)]);
  await until(host, "warm split", warm(LONG_NAME, "split"));
  const running = host.chat(QUESTION, { model: LONG_NAME, stream: true });
  assert.equal(await askWithRoom(worker, 40_000), answerTo(QUESTION));
  assert.equal(await running, answerTo(QUESTION), "what it had begun was answered");
  assert.equal(await listedContext(worker), 40_000);
  const { models: [model] } = await host.status();
  assert.deepEqual(model?.instances.map(({ mode }) => mode), ["split"]);
  const [server] = await engineProcesses(host.pid, "llama-server");
  assert.match(server?.command ?? "", /--ctx-size 40000\b/);
  assert.match(await askWithRoom(worker, 60_000), /60000 .* 40000: .* GB of memory/);
  assert.equal(await askWithRoom(host, 33_000), answerTo(QUESTION));
  assert.deepEqual(await engineProcesses(host.pid, "llama-server"), [server], "it goes on");
});

nodeTest("a num_ctx that one machine can't give its model is asked of another", async () => {
  await using dir = await tempDir();
  await Deno.copyFile(LONG, join(dir.path, basename(LONG)));
  const args = ["--model", LONG_NAME, "--models-dir", dir.path];
  const room = ["--max-vram", String(await bytesWith(40_000) / 1e9)];
  await using small = await startServing([...args, "--ctx", "1024", ...room]);
  await using large = await startServing([...args, "--join", small.token, ...room]);
  await until(
    small,
    "two instances",
    ({ models: [model] }) => model?.instances.filter(({ state }) => state === "warm").length === 2,
  );
  // Neither has the room yet; each question has its own order of the two.
  for (const question of ["hello", QUESTION] as const) {
    assert.equal(await askWithRoom(small, 40_000, question), answerTo(question));
  }
  assert.match(await askWithRoom(small, 60_000), /60000 .* 40000: .* GB of memory/);
  assert.match(await askWithRoom(large, 60_000, "hello"), /60000 .* 40000: .* GB of memory/);
  const { models: [model] } = await small.status();
  const lengths = model?.instances.map(({ contextLength }) => contextLength) ?? [];
  assert.deepEqual(lengths.sort(), [1_024, 40_000]);
});
