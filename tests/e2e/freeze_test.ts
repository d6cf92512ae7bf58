/**
 * A process that lives and does nothing any more is ended, and nobody waits for it: processes are stopped while they
 * answer.
 */

import assert from "node:assert/strict";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { engineProcesses, type ProcessInfo } from "../support/processes.ts";
import { answerTo, nodeTest, QUESTION, startServing, until, warm } from "./mesh_of_nodes.ts";
import { streamedAnswer } from "./streamed_answer.ts";

/** About 15 ms a token on one thread. */
const MODEL = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });
const NAME = MODEL.replace(/^.*\//, "").replace(/\.gguf$/, "");

async function only(
  node: NodeProcess,
  binary: "llama-server" | "rpc-server",
): Promise<ProcessInfo> {
  const [process, ...others] = await engineProcesses(node.pid, binary);
  assert.ok(process !== undefined && others.length === 0, `one ${binary} of ${node.name}`);
  return process;
}

function freeze({ pid }: { readonly pid: number }): void {
  Deno.kill(pid, "SIGSTOP");
}

/** Whole and exact, or it throws. @param then is called while the answer is being given. */
async function streamed(node: NodeProcess, then: (host: string) => void = () => {}): Promise<void> {
  const asked = { model: NAME, question: QUESTION, at: 3, then };
  const { text, ends } = await streamedAnswer(node.ready.api, asked);
  assert.equal(text, answerTo(QUESTION));
  assert.equal(ends, 1);
}

async function whole(node: NodeProcess): Promise<void> {
  assert.equal(await node.chat(QUESTION, { model: NAME }), answerTo(QUESTION));
}

function warmOn(...hosts: readonly NodeProcess[]) {
  return ({ models }: Awaited<ReturnType<NodeProcess["status"]>>) => {
    const instances = models.find(({ name }) => name === NAME)?.instances ?? [];
    return hosts.every(({ ready }) =>
      instances.some(({ host, state }) => host === ready.node && state === "warm")
    );
  };
}

nodeTest("a frozen llama-server: whoever asked is answered by the other instance", async () => {
  await using first = await startServing(["--model", MODEL]);
  await using second = await startServing(["--model", MODEL, "--join", first.token]);
  await using client = await startServing(["--client", "--join", first.token]);
  await until(client, "two warm instances", warmOn(first, second));
  const begun = Promise.withResolvers<string>();
  const before = [streamed(client, begun.resolve), whole(client), streamed(first), whole(second)];
  const id = await Promise.race([begun.promise, ...before]);
  const host = id === first.ready.node ? first : second;
  const server = await only(host, "llama-server");
  const since = host.lines.length;
  freeze(server);
  await Promise.all([...before, streamed(host), whole(client)]);
  await host.waitFor("frozen", { since });
  await host.serving(NAME, { since });
  await until(client, "two warm instances again", warmOn(first, second));
  assert.notEqual((await only(host, "llama-server")).pid, server.pid);
});

nodeTest("a split of which a part freezes is loaded again, and its answers go on", async () => {
  await using host = await startServing(["--model", MODEL, "--split", "--max-vram", "2"]);
  await using worker = await startServing(["--join", host.token, "--max-vram", "1"]);
  for (
    const [node, binary] of [
      [worker, "rpc-server"],
      [host, "llama-server"],
    ] as const
  ) {
    await until(host, "a warm split", warm(NAME, "split"));
    const process = await only(node, binary);
    const since = node.lines.length;
    await streamed(worker, () => freeze(process));
    const { server } = await node.waitFor("frozen", { since });
    assert.equal(server, binary);
    const { notes = [] } = (await node.status()).node;
    assert.ok(notes.some((note) => note.startsWith(`${binary} `)), notes.join());
  }
});

nodeTest("a node that is frozen itself: whoever asked it is answered by the other", async () => {
  await using anchor = await startServing(["--model", "guide"]);
  await using client = await startServing(["--client", "--join", anchor.token]);
  await using first = await startServing(["--model", MODEL, "--join", anchor.token]);
  await using second = await startServing(["--model", MODEL, "--join", anchor.token]);
  for (const node of [anchor, client]) {
    await until(node, "two warm instances", warmOn(first, second));
  }
  let frozen: NodeProcess | undefined;
  const freezeOne = (id: string) => {
    frozen ??= [first, second].find(({ ready }) => ready.node === id);
    frozen?.kill("SIGSTOP");
  };
  await Promise.all([anchor, client].flatMap((node) => [streamed(node, freezeOne), whole(node)]));
  assert.ok(frozen !== undefined);
  await Promise.all([streamed(anchor), whole(client)]);
});
