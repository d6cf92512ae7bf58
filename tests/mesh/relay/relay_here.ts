/** A relay in the test's own process. */

import { getLogger } from "@logtape/logtape";
import { makeClaim, RelayNode } from "../../../src/mesh/mod.ts";

const LOOPBACK = () => [{ name: "lo", address: "127.0.0.1" }];

export function startRelay(dataDir: string): Promise<RelayNode> {
  return RelayNode.start({
    dataDir,
    bindPort: null,
    address: null,
    name: "vps",
    version: "0.1.0",
    logger: getLogger("test"),
    interfaces: LOOPBACK,
  });
}

export async function claimOf(dataDir: string): Promise<string> {
  return (await makeClaim(dataDir, { interfaces: LOOPBACK })).claim;
}
