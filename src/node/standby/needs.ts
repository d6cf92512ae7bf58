import { isNamed } from "../../base/model_ids.ts";
import type { PeerId, RouteInstance, RoutingTable } from "../../mesh/mod.ts";
import { mayDownload, mayServe } from "../plan/assignment/fits.ts";
import type { Downloadable } from "../plan/assignment/assignments.ts";
import { MAX_STANDBY_HELPERS } from "../plan/defaults.ts";
import { isOff } from "../plan/on_request.ts";
import { idsOf } from "../plan/table_ids.ts";
import { type Member, sameModel } from "../plan/view.ts";

/** Something that the active nodes lack, and that a standby could do. */
export interface Need {
  /** `null` where there are too few active nodes for any work that comes. */
  readonly model: string | null;
  /** A file on the disk is served in seconds; a node that has it comes before one that would have to download it. */
  readonly way: "disk" | "memory" | "download" | "company";
}

export interface NeedOptions {
  readonly catalog: readonly Downloadable[];
  /** With fewer active nodes a standby comes back without work. */
  readonly fewActive: number;
}

/**
 * The needs that a standby could fill, as the routing table shows them: models that are wanted and nobody serves or has
 * claimed, and those that wait for memory. Needs that are too much for it are left out; the assignment decides whether
 * it is the best for the rest, once it has joined the gossip. Pure.
 */
export function needsOf(self: Member, table: RoutingTable, options: NeedOptions): Need[] {
  const others = table.nodes.filter(({ peer }) => peer !== self.peer);
  const needs = waiting(table).filter((instance) => canHelp(self, instance))
    .map(({ model }): Need => {
      const id = idsOf(table).idOf(model);
      return { model: id, way: wayAlone(self, id) ?? "memory" };
    });
  const idleBytes = others.filter(({ role, targets, claims }) =>
    role === "standby" && targets.length === 0 && claims.length === 0
  ).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const left = isOff(self) ? new Set(table.asked) : NONE;
  for (const name of unserved(table).filter((one) => !left.has(one))) {
    const way = wayAlone(self, name) ?? wayTogether(self, name, idleBytes) ??
      wayByDownload(self, name, options.catalog);
    if (way !== undefined) needs.push({ model: name, way });
  }
  const isLonely = others.length < options.fewActive;
  return isLonely ? [...needs, { model: null, way: "company" }] : needs;
}

const NONE: ReadonlySet<string> = new Set();

/** Ids of models that somebody wants, that nobody serves or loads, and that no node has set out to serve. */
function unserved(table: RoutingTable): string[] {
  const { wanted, instances, nodes } = table;
  const ids = idsOf(table);
  const failing = new Map(
    nodes.map(({ peer, failures }) => [peer, failures.map((one) => ids.canonical(one.model))]),
  );
  const isAble = (peer: PeerId, name: string) => !failing.get(peer)?.includes(name);
  const taken = new Set(
    [
      ...instances.map(({ host, model }) => ({ peer: host, name: ids.idOf(model) })),
      ...nodes.flatMap(({ peer, targets, claims }) =>
        [...targets.map(({ model }) => model), ...claims].map((name) => ({
          peer,
          name: ids.canonical(name),
        }))
      ),
    ].filter(({ peer, name }) => isAble(peer, name)).map(({ name }) => name),
  );
  return wanted.map((name) => ids.canonical(name)).filter((name) => !taken.has(name));
}

/** One of each model whose machines lack memory, unless it is served elsewhere. */
function waiting(table: RoutingTable): RouteInstance[] {
  const { instances } = table;
  const ids = idsOf(table);
  const served = new Set(
    instances.filter(({ state }) => state !== "waiting").map(({ model }) => ids.idOf(model)),
  );
  const lacking = instances.filter(({ model }) => !served.has(ids.idOf(model)));
  return [...new Map(lacking.map((instance) => [ids.idOf(instance.model), instance])).values()];
}

/** A standby with too little memory would not be missed: many of its kind would have to come. */
function canHelp(
  self: Member,
  { model, needBytes, haveBytes }: RouteInstance,
): boolean {
  if (self.refuses.some((name) => isNamed(name, model))) return false;
  return self.models.some((file) => sameModel(file, model) && mayServe(self, file)) ||
    needBytes - haveBytes <= MAX_STANDBY_HELPERS * self.memoryBytes;
}

function wayAlone(self: Member, name: string): "disk" | undefined {
  return self.models.some((file) => isNamed(name, file) && mayServe(self, file))
    ? "disk"
    : undefined;
}

/** It has the file, and others that do nothing have the memory. */
function wayTogether(self: Member, name: string, idleBytes: number): "disk" | undefined {
  const together = { ...self, memoryBytes: self.memoryBytes + idleBytes };
  return wayAlone(together, name);
}

function wayByDownload(
  self: Member,
  name: string,
  catalog: readonly Downloadable[],
): "download" | undefined {
  return catalog.some((model) => model.name === name && mayDownload(self, model))
    ? "download"
    : undefined;
}
