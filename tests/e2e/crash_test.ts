/** Requests that llama-server crashes of go through two of them at most, and leave all others alone. */

import assert from "node:assert/strict";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { cpuSeconds, engineProcesses, type ProcessInfo } from "../support/processes.ts";
import { answerTo, nodeTest, QUESTION, startServing, until, warm } from "./mesh_of_nodes.ts";

/** About 15 ms a token on one thread. */
const MODEL = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });
const NAME = MODEL.replace(/^.*\//, "").replace(/\.gguf$/, "");

/** An answer that takes seconds, and of which nothing comes before its end. */
async function ask(node: NodeProcess, prompt: string, tokens = 250) {
  const response = await fetch(`${node.ready.api}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: NAME, prompt, max_tokens: tokens, ignore_eos: true }),
  });
  const { error } = await response.json();
  return { status: response.status, code: error?.code ?? null };
}

async function servers(nodes: readonly NodeProcess[]): Promise<ProcessInfo[]> {
  return (await Promise.all(nodes.map(({ pid }) => engineProcesses(pid, "llama-server")))).flat();
}

/** Looks on until one of the llama-servers works, and ends it as a bug of its own would. Answers with its node. */
async function crashWhichWorks(nodes: readonly NodeProcess[]): Promise<NodeProcess> {
  const before = new Map<number, number>();
  for (;;) {
    for (const node of nodes) {
      for (const { pid } of await engineProcesses(node.pid, "llama-server")) {
        const spent = await cpuSeconds(pid);
        const first = before.get(pid) ?? spent;
        before.set(pid, first);
        if (spent - first < 0.3) continue;
        Deno.kill(pid, "SIGSEGV");
        return node;
      }
    }
  }
}

async function exact(node: NodeProcess): Promise<void> {
  assert.equal(await node.chat(QUESTION, { model: NAME }), answerTo(QUESTION));
}

nodeTest(
  "a request that was there at two crashes is refused, and no third llama-server is asked",
  async () => {
    await using first = await startServing(["--model", MODEL]);
    await using second = await startServing(["--model", MODEL, "--join", first.token]);
    await using client = await startServing(["--client", "--join", first.token]);
    const nodes = [first, second];
    const bothWarm = ({ models }: Awaited<ReturnType<NodeProcess["status"]>>) =>
      models.find(({ name }) => name === NAME)?.instances.filter(({ state }) => state === "warm")
        .length === 2;
    await until(client, "two warm instances", bothWarm);
    const since = nodes.map(({ lines }) => lines.length);
    const asked = ask(client, "poison");
    const one = await crashWhichWorks(nodes);
    const other = await crashWhichWorks(nodes.filter((node) => node !== one));
    assert.notEqual(other, one);
    assert.deepEqual(await asked, { status: 400, code: "request_crashes_model" });
    await Promise.all(nodes.map((node, at) => node.serving(NAME, { since: since[at]! })));
    const alive = (await servers(nodes)).map(({ pid }) => pid);
    assert.deepEqual(await ask(client, "poison"), { status: 400, code: "request_crashes_model" });
    await exact(client);
    assert.deepEqual((await servers(nodes)).map(({ pid }) => pid), alive);
  },
);

nodeTest(
  "a request that was there by chance at a crash is answered, whichever request caused it",
  async () => {
    await using node = await startServing(["--model", MODEL]);
    await until(node, "a warm model", warm(NAME));
    const asked = ["one", "two", "three"].map((prompt) => ask(node, prompt));
    const since = node.lines.length;
    await crashWhichWorks([node]);
    await node.serving(NAME, { since });
    await crashWhichWorks([node]);
    const codes = (await Promise.all(asked)).map(({ code }) => code).sort();
    assert.deepEqual(codes, ["request_crashes_model", null, null].sort());
  },
);
