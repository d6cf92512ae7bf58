/** Nodes on the machines of one local network, reached from the test as if they ran beside it. */

import { whyNoNamespaces } from "../support/namespaces.ts";
import type { NodeProcess } from "../support/node_process.ts";
import type { NetworkMachine } from "../support/one_network.ts";
import { nodeTest, startServing } from "./mesh_of_nodes.ts";

const reason = await whyNoNamespaces();

/** A test with real nodes on machines of one network; ignored, with the reason in its name, where there can be none. */
export function networkTest(name: string, fn: () => Promise<void>): void {
  if (reason !== null) Deno.test.ignore(`${name} (${reason})`, fn);
  else nodeTest(name, fn);
}

interface Started {
  readonly name?: string;
  readonly dataDir?: string;
  readonly lan?: boolean;
  readonly compiled?: string;
  readonly cwd?: string;
}

/** A node of a machine, reached from the test as if it ran beside it. */
export async function startOn(
  { namespace, door }: NetworkMachine,
  args: readonly string[],
  options: Started = {},
): Promise<NodeProcess> {
  const node = await startServing(args, { lan: true, ...options, namespace });
  const [api, console] = [await door.wayTo(node.ready.api), await door.wayTo(node.ready.console)];
  node.ready = { ...node.ready, api, console };
  return node;
}
