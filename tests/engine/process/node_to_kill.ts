/**
 * A node reduced to its supervisor, for tests that kill it: runs one server and prints its port at each start.
 * Arguments: kind, binary, model, data directory.
 */

import { getLogger } from "@logtape/logtape";
import { createSupervisor, machineThreads, type ServerSpec } from "../../../src/engine/mod.ts";

const [kind, binary, modelPath, dataDir] = Deno.args as [
  ServerSpec["kind"],
  string,
  string,
  string,
];

const supervisor = createSupervisor({
  threads: await machineThreads(),
  engine: {
    llamaServer: binary,
    rpcServer: binary,
    build: "0",
    rpcProtocol: "0.0.0",
    devices: [],
    leftOut: [],
    llamaServerFlags: new Set(),
    rpcServerFlags: new Set(),
  },
  dataDir,
  logger: getLogger("test"),
});
const server = supervisor.launch(
  kind === "rpc-server"
    ? { kind, modelPath: null }
    : { kind, modelPath, modelName: "guide", contextLength: null, split: [] },
  { restart: true },
);
server.subscribe((state) => {
  if (state.kind === "ready") Deno.stdout.writeSync(new TextEncoder().encode(`${state.port}\n`));
});
await Promise.withResolvers<void>().promise; // a running child keeps the process alive
