import { encodeCbor } from "./cbor.ts";
import { MAX_MEMBERS, MAX_TABLE_WANTED } from "./defaults.ts";
import { sha256 } from "./keys.ts";
import type { Announcement, RouteInstance, RouteNode, RoutingTable } from "./types.ts";

/**
 * What a passive node needs to know, made of what the active ones say. Equal members give an equal version.
 * Never larger than a client takes: members that say too much must not cost the clients all the others.
 */
export function buildRoutingTable(members: readonly Announcement[]): RoutingTable {
  const sorted = members.toSorted((a, b) => a.peer < b.peer ? -1 : 1).slice(0, MAX_MEMBERS);
  const instances = sorted.flatMap(instancesOf);
  const wanted = [...new Set(sorted.flatMap((member) => member.wanted))].sort()
    .slice(0, MAX_TABLE_WANTED);
  const nodes = sorted.map(nodeOf);
  return { version: versionOf([instances, wanted, nodes]), instances, wanted, nodes };
}

export const EMPTY_TABLE: RoutingTable = buildRoutingTable([]);

function instancesOf({ peer: host, instance }: Announcement): RouteInstance[] {
  return instance === null ? [] : [{ ...instance, host }];
}

function nodeOf(member: Announcement): RouteNode {
  const { peer, name, role, target, claim, memoryBytes, devices, addresses, version } = member;
  return {
    peer,
    name,
    role,
    model: target?.name ?? null,
    claim: claim?.model ?? null,
    memoryBytes,
    devices,
    addresses,
    version,
  };
}

function versionOf(content: unknown): string {
  return sha256(encodeCbor(content)).subarray(0, 8).toHex();
}
