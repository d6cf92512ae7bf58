/** Two homes behind routers that let nobody in: real nodes, real llama.cpp. */

import assert from "node:assert/strict";
import { basename } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import type { RelayStatus } from "../../src/node/mod.ts";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { runProgram } from "../support/program.ts";
import { answersExactly, answerTo, QUESTION, until, warm } from "./mesh_of_nodes.ts";
import { addRelay, homesOfNodes, homesTest, relayed, tokenOf } from "./nodes_at_homes.ts";
import { streamedAnswer } from "./streamed_answer.ts";

/** About 15 ms a letter on one thread: an answer of it takes longer than a change of the path. */
const SLOW = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });

const reached = (kind: string) => ({ peers }: Status) => peers[0]?.reached?.kind === kind;
/** At its address, which a router may have opened, or by a path that both have found. */
const metDirectly = (status: Status) => status.peers.length === 1 && !reached("relayed")(status);
/** Two relays see a home at two ports of its router. */
const isAdvised = ({ peers: [peer], relays = [] }: Status) =>
  peer?.reached?.kind === "relayed" &&
  relays.some(({ id, name }) => id === (peer.reached as { by: string }).by && name === "vps") &&
  /gives each peer a new port.*UDP port \d+/.test(peer.reached.advice);
const peers = (count: number) => ({ peers }: Status) => peers.length === count;

homesTest("two homes and a client elsewhere meet over a relay, and answer exactly", async () => {
  await using homes = await homesOfNodes(["plainly", "plainly"]);
  const [relay, near] = await Promise.all([
    homes.relay("relay", { isCompiled: true }),
    homes.start("near", ["--model", "guide", "--model", SLOW]),
  ]);
  await addRelay(near, relay);
  await relayed(near, 1);
  const joining = ["--join", await tokenOf(near)];
  const far = await homes.start("far", joining, { isCompiled: true });
  await Promise.all([near, far].map((node) => until(node, "in one mesh", peers(1))));
  await Promise.all([near, far].map((node) => until(node, "met directly", reached("punched"))));
  await until(far, "warm", warm("guide"));
  await answersExactly(far);
  const client = await homes.start("elsewhere", ["--client", "--join", await tokenOf(far)]);
  await until(client, "warm", warm("guide"));
  await answersExactly(client);
  await answersWhileCut(homes, far, near);
});

/** In the middle of an answer from one home to the other nothing passes directly any more. */
async function answersWhileCut(
  homes: { cut(): Promise<void> },
  node: NodeProcess,
  host: NodeProcess,
): Promise<void> {
  const model = basename(SLOW, ".gguf");
  await until(node, "warm", warm(model));
  let cut: Promise<void> | undefined;
  const { text, ids, ends } = await streamedAnswer(node.ready.api, {
    model,
    question: QUESTION,
    at: 10,
    then: (by) => {
      assert.equal(by, host.ready.node);
      cut = homes.cut();
    },
  });
  assert.ok(cut !== undefined);
  await cut;
  assert.equal(text, answerTo(QUESTION));
  assert.deepEqual([ids.size, ends], [1, 1]);
  await until(node, "relayed", reached("relayed"));
}

homesTest("a port that one router opens is enough where both give each way a new one", async () => {
  const opens = "by new ports, and opens those that it is asked for";
  await using homes = await homesOfNodes(["by new ports", opens]);
  const [relay, near] = await Promise.all([
    homes.relay("relay"),
    homes.start("near", ["--model", "guide"]),
  ]);
  await addRelay(near, relay);
  await relayed(near, 1);
  const far = await homes.start("far", ["--join", await tokenOf(near)], { lan: true });
  await Promise.all([near, far].map((node) => until(node, "met directly", metDirectly)));
  await until(far, "warm", warm("guide"));
  relay.kill("SIGKILL");
  await relay.exited;
  await answersExactly(far);
});

homesTest(
  "a split over two homes answers a client elsewhere, and goes on over another relay after kill -9",
  async () => {
    await using homes = await homesOfNodes(["by new ports", "by new ports"]);
    const relays = await Promise.all(["one", "other"].map((name) => homes.relay(name)));
    const near = await homes.start("near", ["--model", "guide", "--split", "--max-vram", "2"]);
    for (const relay of relays) await addRelay(near, relay);
    await relayed(near, 2);
    const far = await homes.start("far", ["--join", await tokenOf(near), "--max-vram", "1"]);
    await until(near, "warm split", warm("guide", "split"));
    await Promise.all([near, far].map((node) => until(node, "relayed, and why", isAdvised)));
    await relayed(far, 2);
    const client = await homes.start("elsewhere", ["--client", "--join", await tokenOf(near)]);
    await until(client, "warm", warm("guide"));
    await answersExactly(client);
    const carrying = await Promise.all(relays.map(pairsOf));
    const [used, other] = carrying[0]! >= carrying[1]! ? relays : relays.toReversed();
    assert.ok(used !== undefined && other !== undefined);
    used.kill("SIGKILL");
    await used.exited;
    await answersExactly(client);
    assert.ok(await pairsOf(other) >= 1);
  },
);

async function pairsOf({ dataDir }: NodeProcess): Promise<number> {
  const { stdout } = await runProgram(["relay", "status", "--json", "--data-dir", dataDir]);
  const { meshes }: RelayStatus = JSON.parse(stdout);
  return meshes[0]?.pairs ?? 0;
}
