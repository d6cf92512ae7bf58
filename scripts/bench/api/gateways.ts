/** A host and a client node of it: what both gateways cost is measured at each in turn. */

import { testBinDir } from "../../../tests/support/engine.ts";
import { type NodeProcess, startNode } from "../../../tests/support/node_process.ts";
import { untilListed } from "../sides.ts";

export interface Gateways extends AsyncDisposable {
  readonly model: string;
  readonly host: NodeProcess;
  readonly client: NodeProcess;
}

export async function startGateways(
  model: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Gateways> {
  const host = await startNode({
    args: ["--model", model, "--bin-dir", await testBinDir()],
    env,
    name: "host",
  });
  const name = String((await host.waitFor("serving")).model);
  const client = await startNode({ args: ["--client", "--join", host.token], name: "client" });
  await untilListed(client, name);
  return {
    model: name,
    host,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
    },
  };
}
