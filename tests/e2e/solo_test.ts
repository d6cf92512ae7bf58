import assert from "node:assert/strict";
import { runProgram } from "../support/program.ts";
import { descendants, engineProcesses, listProcesses } from "../support/processes.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

nodeTest("a node alone gives the guide's answers exactly, streamed and not", async () => {
  await using node = await startServing(["--model", "guide"]);
  const serving = await node.serving("guide");
  assert.equal(serving.mode, "solo");
  assert.ok(Number(serving.loadMs) > 0);
  await answersExactly(node);
  const status = await node.status();
  assert.equal(status.node.role, "host");
  assert.deepEqual(status.models.map(({ name, state, mode }) => ({ name, state, mode })), [
    { name: "guide", state: "warm", mode: "solo" },
  ]);
  await until(
    node,
    "how fast it answered",
    ({ models }) => Number(models[0]?.instances[0]?.measuredTokensPerSecond) > 0,
  );
});

nodeTest("every line of the JSON log has time, level, event and message", async () => {
  await using node = await startServing(["--model", "guide"]);
  await node.serving("guide");
  await node.stop();
  for (const line of node.lines) {
    assert.ok(!Number.isNaN(Date.parse(line.time)), JSON.stringify(line));
    for (const field of ["level", "event", "message"]) assert.equal(typeof line[field], "string");
  }
  const events = node.lines.map((line) => line.event);
  for (const event of ["ready", "plan", "serving", "stopped"]) assert.ok(events.includes(event));
});

nodeTest("two nodes that both fit a model serve it twice, without a split", async () => {
  await using first = await startServing(["--model", "guide"]);
  await first.serving("guide");
  await using second = await startServing(["--model", "guide", "--join", first.token]);
  await second.serving("guide");
  const status = await until(
    first,
    "two warm instances",
    ({ models }) => models[0]?.instances.filter(({ state }) => state === "warm").length === 2,
  );
  assert.deepEqual(status.models[0]?.instances.map(({ mode }) => mode), ["solo", "solo"]);
  assert.deepEqual(
    status.models[0]?.hosts.toSorted(),
    [first.ready.node, second.ready.node].sort(),
  );
  await answersExactly(first);
  await answersExactly(second);
});

nodeTest("SIGTERM ends a node with 0 within 5 s, and its peers know within 1 s", async () => {
  await using first = await startServing(["--model", "guide"]);
  await using second = await startServing(["--model", "guide", "--join", first.token]);
  await until(
    second,
    "two warm instances",
    ({ models }) => models[0]?.instances.filter(({ state }) => state === "warm").length === 2,
  );
  const below = await descendants(first.pid);
  assert.ok(below.length > 0);
  const since = second.lines.length;
  const startedMs = Date.now();
  const left = second.waitFor(
    (line) => line.event === "peer" && line.peer === first.ready.node,
    { since, description: "the goodbye" },
  ).then((line) => ({ line, afterMs: Date.now() - startedMs }));
  assert.equal(await first.stop(), 0);
  assert.ok(Date.now() - startedMs < 5_000);
  const { line, afterMs } = await left;
  assert.equal(line.change, "left");
  assert.ok(afterMs < 1_000, `${afterMs} ms`);
  const running = new Set((await listProcesses()).map(({ pid }) => pid));
  assert.deepEqual(below.filter(({ pid }) => running.has(pid)), []);
});

nodeTest("a second node on one data directory exits 1 and names the pid", async () => {
  await using node = await startServing(["--model", "guide"]);
  const second = await runProgram([
    "--model",
    "guide",
    "--port",
    "0",
    "--console-port",
    "0",
    "--data-dir",
    node.dataDir,
  ]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`pid ${node.pid}\\b`));
  assert.doesNotMatch(second.stderr, /\n\s+at /);
});

nodeTest("llama-server that is killed comes back by itself", async () => {
  await using node = await startServing(["--model", "guide"]);
  await node.serving("guide");
  const [server] = await engineProcesses(node.pid, "llama-server");
  assert.ok(server !== undefined);
  const since = node.lines.length;
  Deno.kill(server.pid, "SIGKILL");
  await node.serving("guide", { since });
  await answersExactly(node);
});

nodeTest("a node that is killed with -9 leaves no child behind", async () => {
  await using node = await startServing(["--model", "guide"]);
  await node.serving("guide");
  const port = await serverPort(node.pid);
  node.kill("SIGKILL");
  await node.exited;
  await closed(port);
});

nodeTest("the status of a warm node is seen by `status --json`", async () => {
  await using node = await startServing(["--model", "guide"]);
  await until(node, "warm", warm("guide"));
  const { code, stdout } = await runProgram(["status", "--json", "--data-dir", node.dataDir]);
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).node.id, node.ready.node);
});

async function serverPort(pid: number): Promise<number> {
  const [server] = await engineProcesses(pid, "llama-server");
  const port = /--port (\d+)/.exec(server?.command ?? "")?.[1];
  assert.ok(port !== undefined);
  return Number(port);
}

/** Resolves when the listener of this port is gone: a connection that it held is ended with it. */
async function closed(port: number): Promise<void> {
  const limit = AbortSignal.timeout(3_000);
  try {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const over = new AbortController();
    limit.addEventListener("abort", () => conn.close(), { once: true, signal: over.signal });
    await conn.read(new Uint8Array(1)).finally(() => over.abort());
  } catch {
    // Refused or reset: the server is gone.
  }
  assert.ok(!limit.aborted, "the child was still there after 3 s");
}
