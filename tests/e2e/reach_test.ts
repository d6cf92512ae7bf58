/** Two homes behind routers that let nobody in: real nodes, real llama.cpp. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { RelayView, Status } from "../../src/api/mod.ts";
import type { RelayStatus } from "../../src/node/mod.ts";
import { parseToken } from "../../src/mesh/trust/token.ts";
import { Door } from "../support/loopback_way.ts";
import { whyNoNamespaces } from "../support/namespaces.ts";
import { NodeProcess } from "../support/node_process.ts";
import { programCommand, runProgram, temporaryFolder } from "../support/program.ts";
import {
  buildTwoHomes,
  HUB_ADDRESS,
  type Leads,
  REACH_PORT,
  whyNoRouters,
} from "../support/two_homes.ts";
import { answersExactly, nodeTest, until, warm } from "./mesh_of_nodes.ts";
import { startOn } from "./nodes_on_network.ts";

const reason = await whyNoNamespaces() ?? await whyNoRouters();

function homesTest(name: string, fn: () => Promise<void>): void {
  if (reason !== null) Deno.test.ignore(`${name} (${reason})`, fn);
  else nodeTest(name, fn);
}

/** Places at which nodes can be started, and relays at the one that both homes reach. */
async function homesOfNodes(routers: readonly [Leads, Leads]) {
  const stack = new AsyncDisposableStack();
  const homes = stack.use(await buildTwoHomes({ routers, openPort: REACH_PORT }));
  const folder = stack.use(await temporaryFolder());
  const namespaces = { near: homes.homes[0], far: homes.homes[1], elsewhere: homes.hub };
  const doors = new Map<string, Door>();
  for (const [place, namespace] of Object.entries(namespaces)) {
    doors.set(place, stack.use(await Door.open(namespace, join(folder.path, place))));
  }
  return {
    async start(place: keyof typeof namespaces, args: readonly string[]): Promise<NodeProcess> {
      const machine = { namespace: namespaces[place], address: "", door: doors.get(place)! };
      return stack.use(await startOn(machine, args, { lan: false }));
    },
    async relay(name: string): Promise<NodeProcess> {
      const dataDir = join(folder.path, name);
      const own = await temporaryFolder();
      const args = ["relay", "--json", "--address", HUB_ADDRESS, "--data-dir", dataDir];
      const child = programCommand(args, { namespace: homes.hub }, own.path).spawn();
      return stack.use(new NodeProcess(name, dataDir, child, own));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function addRelay(node: NodeProcess, relay: NodeProcess): Promise<RelayView> {
  const { claim } = await relay.waitFor("relay");
  const response = await fetch(`${node.ready.console}/api/relays`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ claim }),
  });
  assert.equal(response.status, 200);
  return await response.json();
}

const reached = (kind: string) => ({ peers }: Status) => peers[0]?.reached?.kind === kind;
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
    homes.relay("relay"),
    homes.start("near", ["--model", "guide"]),
  ]);
  await addRelay(near, relay);
  await relayed(near, 1);
  const far = await homes.start("far", ["--join", await tokenOf(near)]);
  await Promise.all([near, far].map((node) => until(node, "in one mesh", peers(1))));
  await Promise.all([near, far].map((node) => until(node, "met directly", reached("punched"))));
  await until(far, "warm", warm("guide"));
  await answersExactly(far);
  const client = await homes.start("elsewhere", ["--client", "--join", await tokenOf(far)]);
  await until(client, "warm", warm("guide"));
  await answersExactly(client);
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
    await Promise.all([near, far].map((node) => until(node, "relayed", reached("relayed"))));
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
