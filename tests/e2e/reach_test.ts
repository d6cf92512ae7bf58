/** Two homes behind routers that let nobody in: real nodes, real llama.cpp. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import type { RelayView, Status } from "../../src/api/mod.ts";
import type { RelayStatus } from "../../src/node/mod.ts";
import { parseToken } from "../../src/mesh/trust/token.ts";
import { cachedBallast } from "../support/ballast.ts";
import { compiledProgram } from "../support/compiled.ts";
import { Door } from "../support/loopback_way.ts";
import { whyNoNamespaces } from "../support/namespaces.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { whyNoPortOpener } from "../support/port_opener.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { startRelayProcess } from "../support/relay_process.ts";
import { buildTwoHomes, HUB_ADDRESS, type Leads } from "../support/two_homes.ts";
import { answersExactly, answerTo, nodeTest, QUESTION, until, warm } from "./mesh_of_nodes.ts";
import { startOn } from "./nodes_on_network.ts";
import { streamedAnswer } from "./streamed_answer.ts";

const reason = await whyNoNamespaces() ?? await whyNoPortOpener();
const compiled = await compiledProgram();

/** About 15 ms a letter on one thread: an answer of it takes longer than a change of the path. */
const SLOW = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });

function homesTest(name: string, fn: () => Promise<void>): void {
  if (reason !== null) Deno.test.ignore(`${name} (${reason})`, fn);
  else nodeTest(name, fn);
}

interface Started {
  /** It asks its router for ports, and the local network for others. @default {false} */
  readonly lan?: boolean;
  /** The executable, in an empty folder, where there is one. @default {false} */
  readonly isCompiled?: boolean;
}

/** Places at which nodes can be started, and relays at the one that both homes reach. */
async function homesOfNodes(routers: readonly [Leads, Leads]) {
  const stack = new AsyncDisposableStack();
  const homes = stack.use(await buildTwoHomes({ routers }));
  const folder = stack.use(await temporaryFolder());
  const namespaces = { near: homes.homes[0], far: homes.homes[1], elsewhere: homes.hub };
  const doors = new Map<string, Door>();
  for (const [place, namespace] of Object.entries(namespaces)) {
    doors.set(place, stack.use(await Door.open(namespace, join(folder.path, place))));
  }
  const executable = async () => {
    if (compiled.path === null) return {};
    const { path: cwd } = stack.use(await temporaryFolder());
    const alone = join(cwd, "mesh-llm");
    await Deno.copyFile(compiled.path, alone);
    return { compiled: alone, cwd };
  };
  return {
    cut: () => homes.cut(),
    async start(
      place: keyof typeof namespaces,
      args: readonly string[],
      { lan = false, isCompiled = false }: Started = {},
    ): Promise<NodeProcess> {
      const machine = { namespace: namespaces[place], address: "", door: doors.get(place)! };
      const program = isCompiled ? await executable() : {};
      return stack.use(await startOn(machine, args, { lan, ...program }));
    },
    async relay(name: string, { isCompiled = false }: Started = {}): Promise<NodeProcess> {
      const dataDir = join(folder.path, name);
      const program = isCompiled ? await executable() : {};
      const where = { namespace: homes.hub, address: HUB_ADDRESS };
      return stack.use(await startRelayProcess({ dataDir, ...where, ...program }));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function addRelay(node: NodeProcess, relay: NodeProcess): Promise<RelayView> {
  const { claim } = await relay.waitFor("relay");
  const response = await fetch(`${node.ready.console}/api/relays`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ claim, name: "vps" }),
  });
  assert.equal(response.status, 200);
  return await response.json();
}

const reached = (kind: string) => ({ peers }: Status) => peers[0]?.reached?.kind === kind;
/** At its address, which a router may have opened, or by a path that both have found. */
const metDirectly = (status: Status) => status.peers.length === 1 && !reached("relayed")(status);
/** Two relays see a home at two ports of its router. */
const isAdvised = ({ peers: [peer], relays = [] }: Status) =>
  peer?.reached?.kind === "relayed" &&
  relays.some(({ id, name }) => id === (peer.reached as { by: string }).by && name === "vps") &&
  /gives each peer a new port.*UDP port \d+/.test(peer.reached.advice);
const peers = (count: number) => ({ peers }: Status) => peers.length === count;

/** Resolves once a node is connected to so many relays. */
async function relayed(node: NodeProcess, count: number): Promise<void> {
  for (;;) {
    const { relays } = await (await fetch(`${node.ready.console}/api/relays`)).json();
    if (relays.filter((one: RelayView) => one.connected).length === count) return;
  }
}

/** The one that names a node whom everybody reaches. */
async function tokenOf(node: NodeProcess): Promise<string> {
  const names = ({ mesh: { token } }: Status) =>
    token !== null && JSON.stringify(parseToken(token, Date.now())).includes(HUB_ADDRESS);
  const { mesh } = await until(node, "a token that names the relay", names);
  return mesh.token ?? "";
}

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
    assert.equal((await near.status()).peers.find(({ id }) => id === far.ready.node)?.bulk, "quic");
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
