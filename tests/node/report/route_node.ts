import { gatherMachine } from "../../../src/mesh/base/machine.ts";
import type { EngineBuild, Machine, PeerId, RouteNode } from "../../../src/mesh/mod.ts";
import { machine } from "../../mesh/content.ts";

export type RouteNodeChanges = Partial<Omit<RouteNode, "machine"> & Machine>;

/** A machine of the routing table that stands by, and with which nothing is wrong. */
export function routeNode(name: string, changes: RouteNodeChanges = {}): RouteNode {
  return gatherMachine({
    ...machine({ name, engine: speaking("8.0.0") }),
    peer: name as PeerId,
    role: "standby" as const,
    targets: [],
    claims: [],
    failures: [],
    dropped: [],
    holds: [],
    memoryBytes: 12e9,
    reservations: [],
    aliases: [],
    addresses: [],
    ...changes,
  });
}

export function speaking(rpcProtocol: string): EngineBuild {
  return { build: "11669", rpcProtocol, origin: null };
}
