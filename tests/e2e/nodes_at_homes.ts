/** Nodes in two homes behind routers that let nobody in, and at a place that both homes reach. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { RelayView, Status } from "../../src/api/mod.ts";
import { parseToken } from "../../src/mesh/trust/token.ts";
import { compiledProgram } from "../support/compiled.ts";
import { Door } from "../support/loopback_way.ts";
import { whyNoNamespaces } from "../support/namespaces.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { whyNoPortOpener } from "../support/port_opener.ts";
import { temporaryFolder } from "../support/program.ts";
import { startRelayProcess } from "../support/relay_process.ts";
import { buildTwoHomes, HUB_ADDRESS, type Leads } from "../support/two_homes.ts";
import { nodeTest, until } from "./mesh_of_nodes.ts";
import { startOn } from "./nodes_on_network.ts";

const reason = await whyNoNamespaces() ?? await whyNoPortOpener();
const compiled = await compiledProgram();

/** A test with two homes; ignored, with the reason in its name, where there can be none. */
export function homesTest(name: string, fn: () => Promise<void>): void {
  if (reason !== null) Deno.test.ignore(`${name} (${reason})`, fn);
  else nodeTest(name, fn);
}

export interface StartedAtHome {
  /** It asks its router for ports, and the local network for others. @default {false} */
  readonly lan?: boolean;
  /** The executable, in an empty folder, where there is one. @default {false} */
  readonly isCompiled?: boolean;
  /** Another executable, of an earlier version. */
  readonly compiled?: string;
}

/** Places at which nodes can be started, and relays at the one that both homes reach. */
export async function homesOfNodes(routers: readonly [Leads, Leads]) {
  const stack = new AsyncDisposableStack();
  const homes = stack.use(await buildTwoHomes({ routers }));
  const folder = stack.use(await temporaryFolder());
  const namespaces = { near: homes.homes[0], far: homes.homes[1], elsewhere: homes.hub };
  const doors = new Map<string, Door>();
  for (const [place, namespace] of Object.entries(namespaces)) {
    doors.set(place, stack.use(await Door.open(namespace, join(folder.path, place))));
  }
  const executable = async (path: string | null) => {
    if (path === null) return {};
    const { path: cwd } = stack.use(await temporaryFolder());
    const alone = join(cwd, "mesh-llm");
    await Deno.copyFile(path, alone);
    return { compiled: alone, cwd };
  };
  return {
    cut: () => homes.cut(),
    async start(
      place: keyof typeof namespaces,
      args: readonly string[],
      { lan = false, isCompiled = false, compiled: other }: StartedAtHome = {},
    ): Promise<NodeProcess> {
      const machine = { namespace: namespaces[place], address: "", door: doors.get(place)! };
      const program = await executable(other ?? (isCompiled ? compiled.path : null));
      return stack.use(await startOn(machine, args, { lan, ...program }));
    },
    async relay(
      name: string,
      { isCompiled = false, compiled: other }: Omit<StartedAtHome, "lan"> = {},
    ): Promise<NodeProcess> {
      const dataDir = join(folder.path, name);
      const program = await executable(other ?? (isCompiled ? compiled.path : null));
      const where = { namespace: homes.hub, address: HUB_ADDRESS };
      return stack.use(await startRelayProcess({ dataDir, ...where, ...program }));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** By its claim. */
export async function addRelay(node: NodeProcess, relay: NodeProcess): Promise<RelayView> {
  const { claim } = await relay.waitFor("relay");
  const response = await fetch(`${node.ready.console}/api/relays`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ claim, name: "vps" }),
  });
  assert.equal(response.status, 200);
  return await response.json();
}

/** Resolves once a node is connected to so many relays. */
export async function relayed(node: NodeProcess, count: number): Promise<void> {
  for (;;) {
    const { relays } = await (await fetch(`${node.ready.console}/api/relays`)).json();
    if (relays.filter((one: RelayView) => one.connected).length === count) return;
  }
}

/** The one that names a node whom everybody reaches. */
export async function tokenOf(node: NodeProcess): Promise<string> {
  const names = ({ mesh: { token } }: Status) =>
    token !== null && JSON.stringify(parseToken(token, Date.now())).includes(HUB_ADDRESS);
  const { mesh } = await until(node, "a token that names the relay", names);
  return mesh.token ?? "";
}
