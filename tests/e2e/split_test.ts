import assert from "node:assert/strict";
import { arch, platform } from "node:process";
import { cpuSeconds, descendants, engineProcesses } from "../support/processes.ts";
import {
  answersExactly,
  answerTo,
  nodeTest,
  QUESTION,
  startServing,
  until,
  warm,
} from "./mesh_of_nodes.ts";
import type { NodeProcess } from "../support/node_process.ts";

nodeTest("host, worker and client give the same answers", async () => {
  await using host = await startServing(["--model", "guide", "--split", "--max-vram", "2"]);
  await using worker = await startServing(["--join", host.token, "--max-vram", "1"]);
  await using client = await startServing(["--client", "--join", host.token]);
  const status = await until(client, "warm split", warm("guide", "split"));
  const [model] = status.models;
  assert.deepEqual(model?.hosts, [host.ready.node]);
  assert.deepEqual(model?.workers.map(({ id }) => id), [worker.ready.node]);

  const before = await cpuOfRpcServer(worker.pid);
  for (const node of [host, worker, client]) await answersExactly(node);
  assert.ok(await cpuOfRpcServer(worker.pid) > before, "the worker's rpc-server did no work");

  const [server] = await engineProcesses(host.pid, "llama-server");
  const rpc = /--rpc (\S+)/.exec(server?.command ?? "")?.[1]?.split(",") ?? [];
  assert.equal(rpc.length, 2, "host's own share and the worker's tunnel");

  assert.deepEqual(await descendants(client.pid), []);
  for (const node of [host, worker]) {
    const { peers } = await node.status();
    assert.ok(!peers.some(({ id }) => id === client.ready.node));
  }
  const seen = await client.status();
  assert.equal(seen.node.role, "client");
  assert.equal(seen.peers.length, 2);
  for (const { system } of [seen.node, ...seen.peers]) assert.equal(system, `${platform} ${arch}`);
  const roles = Object.fromEntries(seen.peers.map(({ id, role }) => [id, role]));
  assert.deepEqual(roles, { [host.ready.node]: "host", [worker.ready.node]: "worker" });
  const tunnels = (await host.status()).tunnels.filter(({ kind }) => kind === "rpc");
  assert.ok(
    tunnels.some(({ weightBytesSaved }) => weightBytesSaved > 100_000),
    "the worker took its weights from its own disk",
  );
  await countsRoundTrips(host, worker.ready.node);
  await countsRoundTrips(worker, host.ready.node);
});

nodeTest(
  "--tensor-split of one machine gives the shares of both, --parallel the slots",
  async () => {
    const shape = ["--split", "--parallel", "2"];
    await using host = await startServing(["--model", "guide", ...shape, "--max-vram", "2"]);
    const args = ["--model", "guide", "--tensor-split", "3,1", "--max-vram", "1"];
    await using worker = await startServing([...args, "--join", host.token]);
    const { models: [model] } = await until(worker, "warm split", warm("guide", "split"));
    assert.equal(model?.instances[0]?.hostShare, 0.75);
    assert.deepEqual(model?.workers, [{ id: worker.ready.node, share: 0.25 }]);
    const [server] = await engineProcesses(host.pid, "llama-server");
    assert.match(server?.command ?? "", /--tensor-split 0\.75,0\.25/);
    assert.equal(model?.instances[0]?.slots, 2);
    await Promise.all([host, worker].map((node) => answersExactly(node)));
  },
);

nodeTest(
  "a worker that is killed with -9 during a stream: the host answers again by itself",
  async () => {
    await using host = await startServing(["--model", "guide", "--split", "--max-vram", "2"]);
    await using worker = await startServing(["--join", host.token, "--max-vram", "1"]);
    await until(host, "warm split", warm("guide", "split"));
    // The line may come after the status.
    await host.waitFor(({ event, mode }) => event === "serving" && mode === "split");
    const since = host.lines.length;
    const broken = host.chat(QUESTION, { stream: true }).catch(() => "broken");
    worker.kill("SIGKILL");
    const [{ mode }] = await Promise.all([
      host.serving("guide", { since, timeoutMs: 45_000 }),
      broken,
    ]);
    assert.equal(mode, "solo");
    await answersExactly(host);
  },
);

nodeTest("a host that is killed with -9: the worker becomes host", async () => {
  await using host = await startServing(["--model", "guide", "--split", "--max-vram", "2"]);
  await using worker = await startServing([
    ...["--model", "guide", "--join", host.token, "--max-vram", "1"],
  ]);
  await until(worker, "warm split", warm("guide", "split"));
  const since = worker.lines.length;
  host.kill("SIGKILL");
  const { mode } = await worker.serving("guide", { since, timeoutMs: 45_000 });
  assert.equal(mode, "solo");
  await answersExactly(worker);
});

nodeTest("a worker whose new host differs is not held by the old one", async () => {
  await using first = await startServing(["--model", "guide", "--split", "--max-vram", "2"]);
  await using worker = await startServing(["--join", first.token, "--max-vram", "1"]);
  await until(first, "warm split", warm("guide", "split"));
  // More memory: all elect it, and the old host becomes its worker.
  await using second = await startServing([
    ...["--model", "guide", "--join", first.token, "--max-vram", "3"],
  ]);
  const status = await until(second, "host of both", ({ models }) => {
    const [instance] = models[0]?.instances ?? [];
    return instance?.state === "warm" && instance.workers.length === 2;
  });
  const workers = status.models[0]?.workers.map(({ id }) => id).sort();
  assert.deepEqual(workers, [first.ready.node, worker.ready.node].sort());
  assert.deepEqual(status.models[0]?.hosts, [second.ready.node]);
  assert.deepEqual(await engineProcesses(first.pid, "llama-server"), []);
  for (const node of [first, worker, second]) await answersExactly(node);
});

nodeTest("a token names the members that live, and works after its maker has died", async () => {
  await using founder = await startServing(["--model", "guide"]);
  await using second = await startServing(["--model", "guide", "--join", founder.token]);
  await until(
    founder,
    "two warm instances",
    ({ models }) => models[0]?.instances.filter(({ state }) => state === "warm").length === 2,
  );
  const response = await fetch(`${founder.ready.console}/api/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const { token } = await response.json();
  founder.kill("SIGKILL");
  await founder.exited;
  await using third = await startServing(["--client", "--join", token]);
  await until(third, "a warm model", warm("guide"));
  assert.equal(await third.chat("hello"), answerTo("hello"));
  assert.ok((await second.status()).peers.length <= 1);
});

/** Prometheus is told what crosses to the other end of a split, and it goes on with each answer. */
async function countsRoundTrips(node: NodeProcess, peer: string): Promise<void> {
  const read = async () => {
    const text = await (await fetch(`${node.ready.console}/metrics`)).text();
    return (metric: string, labels = "") =>
      Number(
        text.split("\n").find((line) =>
          line.startsWith(`mesh_llm_${metric}{peer="${peer}"${labels}}`)
        )
          ?.split(" ").at(-1),
      );
  };
  const before = await read();
  await answersExactly(node);
  const after = await read();
  const grown = (metric: string, labels?: string) => after(metric, labels) - before(metric, labels);
  const graphs = grown("rpc_graphs_total");
  assert.ok(graphs > 1, `${graphs} graphs for an answer of several tokens`);
  // A token is one graph, and its logits are what is read back.
  const perToken = grown("rpc_frames_total", ',command="get_tensor"') / graphs;
  assert.ok(perToken > 0.5 && perToken < 4, `${perToken} round trips of a token`);
  assert.ok(after("rpc_frames_total", ',command="set_tensor"') > 0);
  assert.ok(after("tunnel_weight_bytes_saved_total", ',kind="rpc"') > 100_000);
  assert.ok(grown("tunnel_sent_bytes_total", ',kind="rpc"') > 0);
  assert.ok(after("rpc_stalls_total") >= 0 && after("rpc_stalled_seconds_total") >= 0);
}

async function cpuOfRpcServer(pid: number): Promise<number> {
  const [server, ...others] = await engineProcesses(pid, "rpc-server");
  assert.ok(server !== undefined && others.length === 0);
  return await cpuSeconds(server.pid);
}
