/** The llama-server of a node, asked without the node. */

import type { NodeProcess } from "../../../tests/support/node_process.ts";
import { engineProcesses } from "../../../tests/support/processes.ts";

export interface OwnServer {
  readonly url: string;
  readonly apiKey: string;
}

/** Its port is among its arguments, its key in its environment: whoever runs the node may see both. */
export async function ownServer(node: NodeProcess): Promise<OwnServer> {
  const [server] = await engineProcesses(node.pid, "llama-server");
  if (server === undefined) throw new Error(`${node.name} runs no llama-server`);
  const { stdout } = await new Deno.Command("ps", { args: ["eww", "-p", `${server.pid}`] })
    .output();
  const port = /--port (\d+)/.exec(server.command)?.[1];
  const apiKey = /\bLLAMA_API_KEY=(\S+)/.exec(new TextDecoder().decode(stdout))?.[1];
  if (port === undefined || apiKey === undefined) {
    throw new Error(`Could not read port and key of ${node.name}'s llama-server from ps`);
  }
  return { url: `http://127.0.0.1:${port}`, apiKey };
}
