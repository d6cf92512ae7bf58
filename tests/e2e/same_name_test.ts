/** Two files of one name and different content are two models, on two machines and on one. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import type { CatalogEntry } from "../../src/api/mod.ts";
import { writeBallast } from "../support/ballast.ts";
import { askChat, type NodeProcess } from "../support/node_process.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { answerTo, nodeTest, QUESTION, startServing, until } from "./mesh_of_nodes.ts";

/** Conversations: any two instances would share them. */
const ASKED = ["a", "b", "c", "d", "e"];

interface Answer {
  readonly status: number;
  readonly host: string | null;
  readonly text: string;
  readonly model: string | undefined;
}

async function ask({ ready }: NodeProcess, model: string, question = QUESTION): Promise<Answer> {
  const signal = AbortSignal.timeout(60_000);
  const response = await askChat(ready.api, question, { model, signal });
  const body = await response.json();
  return {
    status: response.status,
    host: response.headers.get("x-mesh-host"),
    text: body.choices?.[0]?.message.content ?? body.error.message,
    model: body.model,
  };
}

async function hostsOf(node: NodeProcess, model: string): Promise<(string | null)[]> {
  const answers = await Promise.all(ASKED.map((asked) => ask(node, model, `${asked} is what?`)));
  return [...new Set(answers.map(({ host }) => host))];
}

/** The models that answer now. */
async function listed({ ready }: NodeProcess): Promise<string[]> {
  const { data } = await (await fetch(`${ready.api}/v1/models`)).json();
  return data.flatMap(({ id, state }: Record<"id" | "state", string>) =>
    state === "warm" ? id : []
  );
}

async function act({ ready }: NodeProcess, id: string, action: "serve" | "drop") {
  const url = `${ready.console}/api/models/${encodeURIComponent(id)}/${action}`;
  const response = await fetch(url, { method: "POST" });
  return { status: response.status, text: await response.text() };
}

const isReady = (id: string) => ({ models }: { models: { id: string; state: string }[] }) =>
  models.some((model) => model.id === id && model.state === "warm");

/** The ids of the two models `twin`, as the node's catalog has them: the smaller one first. */
async function twins({ ready }: NodeProcess): Promise<[string, string]> {
  const entries: CatalogEntry[] = await (await fetch(`${ready.console}/api/catalog`)).json();
  const found = entries.filter(({ name }) => name === "twin")
    .sort((a, b) => a.sizeBytes - b.sizeBytes).map(({ id }) => id);
  assert.equal(found.length, 2, JSON.stringify(found));
  return [found[0] ?? "", found[1] ?? ""];
}

// A caller that asked for the one got answers of the other, now from this machine and now from that.
nodeTest("two machines with different files of one name serve two models", async () => {
  await using folder = await temporaryFolder();
  const [small, large] = ["small", "large"].map((name) => join(folder.path, name));
  assert.ok(small !== undefined && large !== undefined);
  for (const [dir, layers] of [[small, 0], [large, 2]] as const) {
    await Deno.mkdir(dir);
    writeBallast({ path: join(dir, "twin.gguf"), width: 288, layers });
  }
  await using a = await startServing(["--model", "twin", "--models-dir", small]);
  await a.serving("twin");
  assert.deepEqual(await listed(a), ["twin"]);
  // Nobody told this one to serve anything: the mesh's wish for the first model is no wish for its file.
  await using b = await startServing(["--join", a.token, "--models-dir", large]);
  await using client = await startServing(["--client", "--join", a.token]);
  await until(client, "knowing both", ({ peers }) => peers.length === 2);
  const [idA, idB] = await twins(a);
  assert.match(idA, /^twin@[0-9a-f]{8}$/);
  await until(client, "telling them apart", isReady(idA));
  assert.deepEqual(await listed(client), [idA]);
  assert.equal((await ask(client, idA)).host, a.ready.node);
  const ambiguous = await ask(client, "twin");
  assert.equal(ambiguous.status, 404);
  assert.ok(ambiguous.text.includes(idA) && ambiguous.text.includes(idB), ambiguous.text);
  // Nobody serves the second one before it is asked for.
  const loaded = await ask(client, idB);
  assert.deepEqual(
    [loaded.status, loaded.host, loaded.text, loaded.model],
    [200, b.ready.node, answerTo(QUESTION), idB],
  );
  for (const node of [a, b, client]) await until(node, "knowing both", isReady(idB));
  for (const node of [a, b, client]) {
    assert.deepEqual(await listed(node), [idA, idB].sort());
    assert.deepEqual(await hostsOf(node, idA), [a.ready.node]);
    assert.deepEqual(await hostsOf(node, idB), [b.ready.node]);
  }
  assert.deepEqual(await hostsOf(a, "twin"), [a.ready.node]);
  assert.deepEqual(await hostsOf(b, "twin"), [b.ready.node]);
  assert.equal((await ask(b, "twin")).model, "twin");
  assert.equal((await act(b, idA, "drop")).status, 409);
  const { status, text } = await act(b, "twin", "drop");
  assert.equal(status, 200, text);
  await until(a, "without the second", (status) => !isReady(idB)(status));
  assert.deepEqual(await hostsOf(a, "twin"), [a.ready.node]);
  await b.stop();
  await until(client, "knowing one only", isReady("twin"));
  assert.equal((await ask(client, "twin")).host, a.ready.node);
  assert.equal((await ask(client, idA)).host, a.ready.node);
});

nodeTest("two files of one name on one disk are two models", async () => {
  await using folder = await temporaryFolder();
  for (const [dir, layers] of [["x", 0], ["y", 2]] as const) {
    await Deno.mkdir(join(folder.path, dir));
    writeBallast({ path: join(folder.path, dir, "twin.gguf"), width: 288, layers });
  }
  const places = ["--models-dir", folder.path];
  const file = join(folder.path, "x", "twin.gguf");
  await using node = await startServing(["--model", file, ...places]);
  const [x, y] = await twins(node);
  await node.serving(x);
  assert.deepEqual(await listed(node), [x]);
  const neither = await ask(node, "twin");
  assert.equal(neither.status, 404);
  assert.ok(neither.text.includes(x) && neither.text.includes(y), neither.text);
  const refused = await act(node, "twin", "serve");
  assert.equal(refused.status, 404);
  assert.ok(refused.text.includes(x) && refused.text.includes(y), refused.text);
  for (const id of [y, x]) {
    assert.equal((await act(node, id, "serve")).status, 200);
    await until(node, `serving ${id}`, isReady(id));
    // The machine has memory for both, and its user chose both.
    assert.deepEqual((await listed(node)).toSorted(), [x, y].toSorted());
    const answer = await ask(node, id);
    assert.deepEqual([answer.text, answer.model], [answerTo(QUESTION), id]);
    assert.equal((await ask(node, "twin")).status, 404);
  }
  const runs = node.lines.findLast(({ event }) => event === "runs");
  assert.deepEqual([...runs?.serving as string[]].sort(), [x, y].toSorted());
  const log = await Deno.readTextFile(join(node.dataDir, "logs", "llama-server.log"));
  for (const id of [x, y]) {
    assert.ok(node.lines.some(({ event, model }) => event === "plan" && model === id), id);
    assert.ok(log.includes(`\n${id}: `), `no line of ${id} in llama-server's log`);
  }
  assert.ok(!/^twin: /m.test(log), "a line of either of them");
  assert.equal((await act(node, "twin", "drop")).status, 404);
  assert.equal((await act(node, x, "drop")).status, 200);
  assert.equal((await ask(node, x)).status, 404, "it is dropped");
  assert.equal((await act(node, y, "serve")).status, 200);
  await until(node, `serving ${y}`, isReady(y));
  const run = (...args: string[]) => runProgram([...args, "--data-dir", node.dataDir]);
  for (const command of ["plan", "models"]) {
    const args = command === "plan" ? [command, y] : [command];
    const { code, stdout, stderr } = await run(...args, ...places);
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(y), stdout);
  }
  const plan = await run("plan", "twin", ...places);
  assert.equal(plan.code, 1);
  assert.ok(plan.stderr.includes(x) && plan.stderr.includes(y), plan.stderr);
  await node.stop();
  const again = await startServing(places, { dataDir: node.dataDir });
  await using _stopping = again;
  await until(again, "serving its choice", isReady(y));
  const started = await runProgram(["--model", "twin", ...places, "--data-dir", folder.path]);
  assert.equal(started.code, 1);
  assert.ok(started.stderr.includes(x) && started.stderr.includes(y), started.stderr);
  assert.ok(started.stderr.includes(basename(folder.path)), "with the paths");
});
