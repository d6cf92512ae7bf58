import type { PeerId, RouteNode } from "../../../src/mesh/mod.ts";

/** A machine of the routing table that stands by, and with which nothing is wrong. */
export function routeNode(name: string, more: Partial<RouteNode> = {}): RouteNode {
  return {
    peer: name as PeerId,
    name,
    role: "standby",
    model: null,
    claim: null,
    why: null,
    failures: [],
    dropped: [],
    holds: [],
    memoryBytes: 12e9,
    devices: [],
    addresses: [],
    version: "0.1.0",
    rpcProtocol: "8.0.0",
    ...more,
  };
}
