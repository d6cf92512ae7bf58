import { encodeCbor } from "../base/cbor.ts";
import { MAX_ANNOUNCED_FAILURES, MAX_ANNOUNCED_MODELS } from "../base/message_defaults.ts";
import { Namesakes, toldApart } from "../base/namesakes.ts";
import { filesOf, fitFiles, onlyAsked } from "./table_files.ts";
import { fitMachines, fitNames, fitNamesakes, inTurn, type TablePriorities } from "./fit_table.ts";
import { instanceKey } from "../gossip/announcement_wire.ts";
import { sha256 } from "../base/keys.ts";
import type { Announcement } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { RouteInstance, RouteNode, RouteTarget, RoutingTable } from "../base/table.ts";

/** A member's knowledge beside the announcements of living members. */
export interface TableContext extends TablePriorities {
  /** The last announcements of the dead. */
  readonly lost?: readonly Announcement[];
  /** A table that somebody else has made: it speaks for the nodes that `isKnown` does not know. */
  readonly earlier?: RoutingTable;
  readonly isKnown?: (peer: PeerId) => boolean;
  /** @default {false} */
  readonly partial?: boolean;
}

/**
 * A passive node's view of the mesh, made of the announcements of the active ones. Equal members give an equal version.
 * Never larger than a client accepts: members that announce too much must not cost the clients all the others.
 */
export function buildRoutingTable(
  members: readonly Announcement[],
  context: TableContext = {},
): RoutingTable {
  const { lost = [], earlier = EMPTY_TABLE, isKnown = () => true, partial = false } = context;
  const hearsay = withoutNodes(earlier, isKnown);
  const instances = [...members.flatMap(instancesOf), ...hearsay.instances];
  const namesakes = Namesakes.of([...members, ...lost]);
  const named = toldApart(members, namesakes);
  const served = new Set([...named, ...instancesAt(hearsay, namesakes)].flatMap(namesOf));
  const missed = [...toldApart(lost, namesakes).flatMap(servedBy), ...hearsay.lost]
    .filter((name) => !served.has(name));
  const wanted = [...inTurn(named.map((member) => member.wanted)), ...hearsay.wanted];
  const wantedNames = new Set(wanted);
  const isOnDisk = namesOnDisks(members);
  return tableOf({
    instances,
    wanted,
    asked: onlyAsked([...named, hearsay]),
    files: [...filesOf(members), ...hearsay.files ?? []],
    lost: missed,
    nodes: [...named.map((member) => nodeOf(member, wantedNames, isOnDisk)), ...hearsay.nodes],
    namesakes: [...namesakes?.models ?? [], ...hearsay.namesakes],
    partial,
  }, context);
}

/** The table without some nodes and what they serve. */
export function withoutNodes(
  table: RoutingTable,
  isGone: (peer: PeerId) => boolean,
): RoutingTable {
  return tableOf({
    ...table,
    instances: table.instances.filter(({ host }) => !isGone(host)),
    nodes: table.nodes.filter(({ peer }) => !isGone(peer)),
  });
}

export const EMPTY_TABLE: RoutingTable = tableOf({
  instances: [],
  wanted: [],
  lost: [],
  nodes: [],
  namesakes: [],
  partial: false,
});

/** In a fixed order, and within what a client takes. */
function tableOf(
  { wanted, asked = [], files = [], lost, namesakes, partial, ...all }: Omit<
    RoutingTable,
    "version"
  >,
  priorities: TablePriorities = {},
): RoutingTable {
  const { instances, nodes } = fitMachines(all, priorities);
  const content = {
    instances: instances.toSorted(byHost),
    wanted: fitNames(wanted),
    ...(asked.length === 0 ? {} : { asked: fitNames(asked) }),
    ...(files.length === 0 ? {} : { files: fitFiles(files) }),
    lost: fitNames(lost),
    nodes: nodes.toSorted((a, b) => a.peer < b.peer ? -1 : 1),
    namesakes: fitNamesakes(namesakes),
    partial,
  };
  return { version: versionOf(content), ...content };
}

/** The instances of one host in the order of their models, so that equal members give equal tables. */
function byHost(a: RouteInstance, b: RouteInstance): number {
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  return instanceKey(a) < instanceKey(b) ? -1 : 1;
}

/** Of all instances, whatever they do. */
function namesOf({ instances }: Pick<Announcement, "instances">): string[] {
  return instances.map(({ model }) => model.name);
}

/** The instances of another node's table, named as by this node. */
function instancesAt({ instances }: RoutingTable, namesakes: Namesakes | null) {
  const named = instances.map((one) => ({
    ...one,
    model: namesakes?.apart(one.model) ?? one.model,
  }));
  return [{ instances: named }];
}

function servedBy({ instances }: Announcement): string[] {
  return instances.filter(({ state }) => state !== "waiting").map(({ model }) => model.name);
}

function instancesOf({ peer: host, instances }: Announcement): RouteInstance[] {
  return instances.map(({ tunnelPorts: _, askedAtMs: __, ...instance }) => ({ ...instance, host }));
}

function nodeOf(
  member: Announcement,
  wanted: ReadonlySet<string>,
  isOnDisk: (name: string) => boolean,
): RouteNode {
  const { peer, machine, role, claims, failures, dropped } = member;
  const { memoryBytes, reservations, addresses } = member;
  return {
    peer,
    machine,
    role,
    targets: targetsOf(member),
    claims: claims.map(({ model }) => model),
    failures: failures.slice(0, MAX_ANNOUNCED_FAILURES),
    dropped: dropped.slice(0, MAX_ANNOUNCED_MODELS),
    holds: heldBy(member, wanted),
    ...(member.turns === undefined ? {} : { turns: member.turns }),
    aliases: member.aliases.filter(({ alias }) => !isOnDisk(alias)),
    memoryBytes,
    reservations,
    addresses,
  };
}

/** A node whose user has pinned models may take others beside them: those it claims. */
function targetsOf({ assignable, targets, claims }: Announcement): RouteTarget[] {
  return targets.map(({ name: model }) => {
    const reason = claims.find((claim) => claim.model === model)?.reason;
    return { model, why: reason ?? (assignable ? null : "told") };
  });
}

/** Readers of a table do not know all files of the mesh, and the name of one wins over an alias. */
function namesOnDisks(members: readonly Announcement[]): (name: string) => boolean {
  let names: ReadonlySet<string> | undefined;
  return (name) => {
    names ??= new Set(members.flatMap(({ models }) => models.map((one) => one.name.toLowerCase())));
    return names.has(name.toLowerCase());
  };
}

/** Others need not know what else lies on its disk. */
function heldBy({ models, memoryBytes }: Announcement, wanted: ReadonlySet<string>): string[] {
  const able = models.filter(({ name, needBytes }) => wanted.has(name) && needBytes <= memoryBytes);
  return [...new Set(able.map(({ name }) => name))];
}

function versionOf(content: unknown): string {
  return sha256(encodeCbor(content)).subarray(0, 8).toHex();
}
