/** All that people see of nodes that run several models at once. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Status } from "../../src/api/mod.ts";
import { status as statusOf } from "../support/api_calls.ts";
import { writePooledModel } from "../support/guide_variants.ts";
import type { LoggedLine, NodeProcess } from "../support/node_process.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { nodeTest, startServing, statuses, until } from "./mesh_of_nodes.ts";

const NAMES = ["guide", "embedder", "reranker"];

function allWarm({ models }: Status): boolean {
  return NAMES.every((name) => models.some((one) => one.name === name && one.state === "warm"));
}

function splitsWarm(names: readonly string[]) {
  return ({ models }: Status) =>
    names.every((name) =>
      models.some((one) => one.name === name && one.state === "warm" && one.mode === "split")
    );
}

/** In short: model, role, and whether it holds memory. */
function shown(serving: Status["node"]["serving"]): string[] {
  return serving.map(({ model, role, state, pinned, reservedBytes }) => {
    const bytes = Object.values(reservedBytes).reduce((sum, one) => sum + one, 0);
    return `${model} ${role} ${state} ${pinned ? "pinned" : "not pinned"} ${bytes > 0}`;
  });
}

/** Waits until a client says of what another node serves exactly what that says itself. */
async function untilItTells(client: NodeProcess, node: NodeProcess): Promise<void> {
  for await (const { peers } of statuses(client, AbortSignal.timeout(60_000))) {
    const own = await statusOf(node.ready.console);
    if (isDeepStrictEqual(peers[0]?.serving, own.node.serving)) return;
  }
  assert.fail("The client never says what the node says of itself");
}

nodeTest("a node and a client tell all that a node with three models runs", async () => {
  await using folder = await temporaryFolder();
  const path = (name: string) => join(folder.path, `${name}.gguf`);
  writePooledModel(path("embedder"), "embeddings");
  writePooledModel(path("reranker"), "reranking");
  const files = ["guide", path("embedder"), path("reranker")];
  await using node = await startServing(files.flatMap((file) => ["--model", file]));
  await using client = await startServing(["--client", "--join", node.token]);
  const [own, other] = await Promise.all([
    until(node, "all warm", allWarm),
    until(client, "all warm", allWarm),
  ]);
  const expected = NAMES.map((name) => `${name} host warm pinned true`);
  assert.deepEqual(shown(own.node.serving), expected);
  assert.deepEqual([own.node.role, own.node.model], ["host", "guide"]);
  // Of what llama.cpp took it may tell a little after its first answer.
  await untilItTells(client, node);
  const [peer] = other.peers;
  assert.deepEqual([peer?.role, peer?.model, peer?.models], ["host", "guide", NAMES]);
  await until(
    node,
    "as much held of each device as is in use",
    ({ node: { devices, serving } }) =>
      devices.every(({ name, usedBytes }) => {
        const held = serving.reduce((sum, one) => sum + (one.reservedBytes[name] ?? 0), 0);
        return Math.abs(held - usedBytes) <= NAMES.length;
      }),
  );
  const whys = own.models.map(({ name, instances }) => [name, instances.map(({ why }) => why)]);
  assert.deepEqual(
    whys.toSorted(),
    NAMES.toSorted().map((name) => [name, ["--model or config.toml names it"]]),
  );
  const last = node.lines.findLast(({ event }) => event === "runs");
  assert.deepEqual([last?.serving, last?.lending], [NAMES, []]);
  const metrics = await (await fetch(`${node.ready.console}/metrics`)).text();
  for (const name of NAMES) {
    assert.match(metrics, new RegExp(`^mesh_llm_serving\\{model="${name}",role="host".* 1$`, "m"));
    assert.match(metrics, new RegExp(`^mesh_llm_reserved_bytes\\{model="${name}",.* \\d+$`, "m"));
  }
  const { stdout } = await runProgram(["status", "--data-dir", node.dataDir]);
  assert.match(stdout, /^NODE +ROLE +MODELS .*\n.* host +guide, embedder, reranker /m);
  for (const name of NAMES) {
    assert.match(stdout, new RegExp(`^\\S+ +${name} +host +ready +yes +[\\d.]+ MB of CPU$`, "m"));
  }
});

nodeTest("two nodes that share two models say who lends memory to whom, and for what", async () => {
  await using folder = await temporaryFolder();
  const path = (name: string) => join(folder.path, `${name}.gguf`);
  writePooledModel(path("one"), "embeddings");
  writePooledModel(path("two"), "reranking");
  const names = ["one", "two"];
  const args = [...names.flatMap((name) => ["--model", path(name)]), "--split"];
  await using first = await startServing(args);
  await using second = await startServing([...args, "--join", first.token]);
  await using client = await startServing(["--client", "--join", first.token]);
  const { models, peers } = await until(client, "both split", splitsWarm(names));
  const hostOf = (name: string) => models.find((one) => one.name === name)?.hosts[0];
  for (const { id, serving } of peers) {
    const roleIn = (name: string) => hostOf(name) === id ? "host" : "worker";
    assert.deepEqual(
      shown(serving),
      names.map((name) => `${name} ${roleIn(name)} warm pinned true`),
    );
    assert.deepEqual(serving.map(({ host }) => host), names.map(hostOf));
  }
  for (const node of [first, second]) {
    const lends = names.filter((name) => hostOf(name) !== node.ready.node);
    const isAll = ({ event, lending }: LoggedLine) =>
      event === "runs" && String(lending) === String(lends);
    const { serving } = await node.waitFor(isAll, { description: `lending to ${lends}` });
    assert.ok(Array.isArray(serving));
  }
});
