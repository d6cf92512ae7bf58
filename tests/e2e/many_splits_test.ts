/** Several splits over the same machines at once, each with processes of its own. */

import assert from "node:assert/strict";
import { basename } from "node:path";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { engineProcesses } from "../support/processes.ts";
import { answerTo, nodeTest, QUESTION, startServing, until, warm } from "./mesh_of_nodes.ts";
import { streamedAnswer } from "./streamed_answer.ts";

/** Slow enough for a stream that others end beside. */
const FILES = [1, 2].map((seed) => cachedBallast({ layers: 2, sizeBytes: 30_000_000, seed }));
const [ONE, OTHER] = FILES.map((file) => basename(file, ".gguf")) as [string, string];
const BOTH = FILES.flatMap((file) => ["--model", file]);

/** A model and the machine that answers for it. */
interface Served {
  readonly host: NodeProcess;
  readonly model: string;
}

async function isSplit({ host, model }: Served, workers: number): Promise<void> {
  await until(
    host,
    `${model} split with ${workers} workers`,
    ({ models }) =>
      models.some(({ name, instances }) =>
        name === model &&
        instances.some((one) =>
          one.host === host.ready.node && one.state === "warm" && one.mode === "split" &&
          one.workers.length === workers
        )
      ),
  );
}

/** Of llama-servers and of rpc-servers. */
async function countsOf({ pid }: NodeProcess): Promise<number[]> {
  const kinds = ["llama-server", "rpc-server"] as const;
  const lists = await Promise.all(kinds.map((kind) => engineProcesses(pid, kind)));
  return lists.map(({ length }) => length);
}

async function pidsOf(nodes: readonly NodeProcess[]): Promise<number[]> {
  const lists = await Promise.all(nodes.flatMap(({ pid }) => [
    engineProcesses(pid, "llama-server"),
    engineProcesses(pid, "rpc-server"),
  ]));
  return lists.flat().map(({ pid }) => pid);
}

/** Kills a process while all models are streamed. Answers which one had to be loaded again. */
async function interruptedBy(pid: number, served: readonly Served[]): Promise<string> {
  const before = served.map(({ host }) => host.lines.length);
  const begun = served.map(({ host, model }) => {
    const atPiece = Promise.withResolvers<void>();
    const then = () => atPiece.resolve();
    const answer = streamedAnswer(host.ready.api, { model, question: QUESTION, at: 5, then });
    return { answer, isUnderWay: Promise.race([atPiece.promise, answer]) };
  });
  await Promise.all(begun.map(({ isUnderWay }) => isUnderWay));
  Deno.kill(pid, "SIGKILL");
  for (const { text, ends } of await Promise.all(begun.map(({ answer }) => answer))) {
    assert.deepEqual([text, ends], [answerTo(QUESTION), 1]);
  }
  const loaded = served.filter(({ host, model }, index) =>
    host.lines.slice(before[index]).some((line) => line.event === "serving" && line.model === model)
  );
  const names = loaded.map(({ model }) => model);
  assert.equal(names.length, 1, `loaded again: ${names}`);
  served.forEach(({ host, model }, index) => {
    const broken = host.lines.slice(before[index]).filter(({ message }) =>
      / does not answer for | goes on for /.test(message)
    );
    for (const line of broken) assert.equal(line.model, names[0], `${model}: ${line.message}`);
  });
  return names[0]!;
}

/** A night has time for every process; else there is one of each kind. */
const KILLS_ALL = Number(Deno.env.get("MESH_LLM_TEST_KILLS") ?? 0) > 3;

/** Kills processes of the node in turn, each with a split of its own. */
async function killsInTurn(
  [node, kind]: readonly [NodeProcess, "llama-server" | "rpc-server"],
  nodes: readonly NodeProcess[],
  served: readonly Served[],
  workers: number,
): Promise<void> {
  const victims = await engineProcesses(node.pid, kind);
  const hit = new Set<string>();
  const chosen = KILLS_ALL ? victims : victims.slice(0, 1);
  for (const { pid } of chosen) {
    const before = await pidsOf(nodes);
    hit.add(await interruptedBy(pid, served));
    for (const one of served) await isSplit(one, workers);
    const after = await pidsOf(nodes);
    assert.equal(after.length, before.length);
    const left = before.filter((one) => after.includes(one));
    // Those of a split go together: its llama-server, its host's own share, and one of each worker.
    assert.equal(left.length, before.length - 2 - workers, "no process of another model ends");
  }
  assert.equal(hit.size, chosen.length, "each is of another model");
}

nodeTest(
  "a host of two splits over the same two workers: each process that is killed is of one split alone",
  async () => {
    await using host = await startServing([...BOTH, "--split", "--max-vram", "2"]);
    const join = ["--join", host.token, "--max-vram", "1"];
    await using first = await startServing([...BOTH, ...join]);
    await using second = await startServing([...BOTH, ...join]);
    const nodes = [host, first, second];
    const served = [ONE, OTHER].map((model) => ({ host, model }));
    for (const one of served) await isSplit(one, 2);
    assert.deepEqual(await countsOf(host), [2, 2]);
    for (const worker of [first, second]) assert.deepEqual(await countsOf(worker), [0, 2]);
    await killsInTurn([host, "llama-server"], nodes, served, 2);
    if (KILLS_ALL) await killsInTurn([host, "rpc-server"], nodes, served, 2);
    await killsInTurn([first, "rpc-server"], nodes, served, 2);
    if (KILLS_ALL) await killsInTurn([second, "rpc-server"], nodes, served, 2);
  },
);

nodeTest(
  "two hosts share a worker, which serves a third model: each loses no more than its own",
  async () => {
    const [ofFirst, ofSecond] = FILES.map((
      file,
    ) => ["--model", file, "--split", "--max-vram", "2"]);
    await using first = await startServing(ofFirst!);
    await using second = await startServing([...ofSecond!, "--join", first.token]);
    await using worker = await startServing([
      ...[...BOTH, "--model", "guide", "--join", first.token, "--max-vram", "1"],
    ]);
    const nodes = [first, second, worker];
    const served = [{ host: first, model: ONE }, { host: second, model: OTHER }];
    for (const one of served) await isSplit(one, 1);
    await until(worker, "the guide beside both shares", warm("guide", "solo"));
    assert.deepEqual(await countsOf(worker), [1, 2]);
    await killsInTurn([worker, "rpc-server"], nodes, served, 1);
    if (KILLS_ALL) await killsInTurn([first, "llama-server"], nodes, served, 1);
    const [guide] = await engineProcesses(worker.pid, "llama-server");
    const before = await pidsOf(nodes);
    const since = worker.lines.length;
    const answers = served.map(({ host, model }) => host.chat(QUESTION, { model, stream: true }));
    Deno.kill(guide!.pid, "SIGKILL");
    for (const answer of answers) assert.equal(await answer, answerTo(QUESTION));
    await worker.serving("guide", { since });
    const after = await pidsOf(nodes);
    assert.deepEqual(before.filter((pid) => !after.includes(pid)), [guide!.pid]);
    assert.equal(await worker.chat(QUESTION, { model: "guide" }), answerTo(QUESTION));
  },
);

nodeTest("a free machine joins every split that a user forces", async () => {
  await using host = await startServing([...BOTH, "--split", "--max-vram", "2"]);
  await using free = await startServing(["--join", host.token, "--max-vram", "1"]);
  for (const model of [ONE, OTHER]) await isSplit({ host, model }, 1);
  assert.deepEqual([await countsOf(host), await countsOf(free)], [[2, 2], [0, 2]]);
});
