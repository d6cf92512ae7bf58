/** The prospects of models that are not warm: those that may be served soon, and the obstacles to the others. Pure. */

import type { Obstacle } from "../../api/mod.ts";
import type { ModelIds } from "../../base/model_ids.ts";
import type { RouteInstance, RouteNode, RouteTarget, RoutingTable } from "../../mesh/mod.ts";
import { idsOf } from "./table_ids.ts";

export interface Prospects {
  /** Ids of models that are about to be served, or are: one that can't be asked now may be in a moment. */
  readonly coming: readonly string[];
  readonly obstacles: readonly Obstacle[];
}

/** One model as the table shows it. */
interface Case {
  /** Its id. */
  readonly name: string;
  readonly nodes: readonly RouteNode[];
  /** None of them is warm. */
  readonly instances: readonly RouteInstance[];
}

export function prospectsOf(table: RoutingTable, ids: ModelIds = idsOf(table)): Prospects {
  const byId = new Map<string, RouteInstance[]>();
  for (const instance of table.instances) {
    const id = ids.idOf(instance.model);
    byId.set(id, [...byId.get(id) ?? [], instance]);
  }
  const nodes = table.nodes.map((node) => withIds(node, ids));
  const wanted = new Set([...table.wanted, ...table.lost].map((name) => ids.canonical(name)));
  const names = new Set([...byId.keys(), ...wanted, ...nodes.flatMap(namesOf)]);
  const coming: string[] = [];
  const obstacles: Obstacle[] = [];
  for (const name of names) {
    const instances = byId.get(name) ?? [];
    const obstacle = instances.some(({ state }) => state === "warm")
      ? null
      : obstacleOf({ name, nodes, instances }, wanted.has(name));
    if (obstacle === null) coming.push(name);
    else obstacles.push(obstacle);
  }
  return { coming, obstacles: [...obstacles, ...heldBack(table, ids, names)] };
}

/** Models that nobody is at and that no request has loaded. */
function heldBack(
  { files = [] }: RoutingTable,
  ids: ModelIds,
  others: ReadonlySet<string>,
): Obstacle[] {
  return files.filter(({ onRequest }) => !onRequest).map((file) => ids.idOf(file))
    .filter((model) => !others.has(model))
    .map((model) => ({ kind: "not-on-request", model }));
}

/** The node with every model under the id that it has among these. */
export function withIds(node: RouteNode, ids: ModelIds): RouteNode {
  const id = (name: string) => ids.canonical(name);
  const named = <T extends { readonly model: string }>(one: T) => ({
    ...one,
    model: id(one.model),
  });
  return {
    ...node,
    targets: node.targets.map(named),
    claims: node.claims.map(id),
    failures: node.failures.map(named),
    dropped: node.dropped.map(id),
    holds: node.holds?.map(id) ?? null,
    turns: node.turns?.map(id) ?? [],
  };
}

function namesOf({ targets, claims, failures, dropped, turns = [] }: RouteNode): string[] {
  const named = [...targets, ...failures].map(({ model }) => model);
  return [...named, ...claims, ...dropped, ...turns];
}

/** `null` where the model may be warm soon. */
function obstacleOf(one: Case, isWanted: boolean): Obstacle | null {
  const { name, nodes, instances } = one;
  const taking = nodes.filter(({ turns = [] }) => turns.includes(name));
  if (taking.length > 0) {
    return { kind: "turn", model: name, by: taking.map(({ machine }) => machine.name) };
  }
  if (isUnderWay(one)) return null;
  const failures = nodes.flatMap((node) => failureOf(node, name));
  if (failures.length > 0) return { kind: "failed", model: name, reason: failures.join("; ") };
  const waiting = instances.find(({ state }) => state === "waiting");
  if (waiting !== undefined) {
    const { needBytes, haveBytes } = waiting;
    return { kind: "waiting", model: name, needBytes, haveBytes };
  }
  const downloader = nodes.find((node) =>
    node.claims.includes(name) && targetOf(node, name) === undefined
  );
  if (downloader !== undefined) {
    return { kind: "downloading", model: name, by: downloader.machine.name };
  }
  if (nodes.some((node) => targetOf(node, name) !== undefined)) return null;
  const droppers = nodes.filter(({ dropped }) => dropped.includes(name))
    .map(({ machine }) => machine.name);
  if (droppers.length > 0 && !(isWanted && nodes.some((node) => mayServe(node, name)))) {
    return { kind: "dropped", model: name, by: droppers };
  }
  return { kind: "unclaimed", model: name };
}

/** Somebody loads it, or is about to. */
function isUnderWay({ name, nodes, instances }: Case): boolean {
  const isFailing = (peer: string) => {
    const node = nodes.find((one) => one.peer === peer);
    return node !== undefined && failureOf(node, name).length > 0;
  };
  const loads = instances.some(({ host, state }) => state === "loading" && !isFailing(host));
  // A node that only lends memory to it can't tell whether that is enough.
  const takes = nodes.some((node) => {
    const target = targetOf(node, name);
    return node.claims.includes(name) && target !== undefined && target.why !== "memory" &&
      target.why !== "split" && failureOf(node, name).length === 0;
  });
  return loads || takes;
}

function targetOf({ targets }: RouteNode, name: string): RouteTarget | undefined {
  return targets.find(({ model }) => model === name);
}

function failureOf({ machine, failures }: RouteNode, model: string): string[] {
  return failures.filter((failure) => failure.model === model)
    .map(({ reason }) => `on ${machine.name}: ${reason}`);
}

/** A node of an earlier version does not say what it holds. */
function mayServe({ holds, dropped, failures }: RouteNode, name: string): boolean {
  return (holds === null || holds.includes(name)) && !dropped.includes(name) &&
    !failures.some(({ model }) => model === name);
}
