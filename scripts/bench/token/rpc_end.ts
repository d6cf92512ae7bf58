/**
 * One end of an RPC tunnel by the wide lane, in a process of its own: `rpc_end.ts worker PORT` leads to the rpc-server on
 * that port and prints its address, `rpc_end.ts host ADDRESS` prints the port that leads there.
 */

import { getLogger } from "@logtape/logtape";
import { RpcServerEnd, RpcTunnels, type WeightSource } from "../../../src/tunnel/mod.ts";
import { dialLane, listenLane } from "../transport/lane_link.ts";

const MODEL = { name: "bench", fingerprint: "0f".repeat(32) };
const logger = getLogger("bench");

/** Both ends understand what passes, as for a node, and know no weights. */
const weights: WeightSource = {
  named: () => [],
  isCurrent: () => Promise.resolve(false),
  read: () => Promise.resolve(undefined),
  keep: () => undefined,
};

const [side, to = ""] = Deno.args;
if (side === "worker") {
  const gate = { admit: () => Promise.resolve({ port: Number(to), model: MODEL }) };
  const end = new RpcServerEnd({ gate, logger, weights });
  print(await listenLane((stream) => end.handle(stream, "host")));
} else {
  const open = await dialLane(to);
  const split = { model: MODEL, term: 1 };
  const tunnels = new RpcTunnels({ open, split, mayPass: () => true, logger, weights });
  print(String(tunnels.ensure("worker")));
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
