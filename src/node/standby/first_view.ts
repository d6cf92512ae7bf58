import type { Clock, Mesh, RoutingTable } from "../../mesh/mod.ts";
import { FIRST_VIEW_MS } from "../plan/defaults.ts";

export interface ViewOfMesh extends Pick<Mesh, "self" | "members" | "subscribe"> {
  routes(): Pick<RoutingTable, "nodes" | "partial">;
}

/**
 * Waits until this node knows the mesh that it joins, but not for ever: the mesh may be gone. Gossip brings one member
 * after the other, and a plan that is made at the first would take a model that the next one serves already.
 */
export async function firstView(
  mesh: ViewOfMesh,
  signal: AbortSignal,
  after: Clock["after"],
): Promise<void> {
  if (isWhole(mesh) || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = after(FIRST_VIEW_MS, resolve);
  const unsubscribe = mesh.subscribe(() => isWhole(mesh) && resolve());
  signal.addEventListener("abort", () => resolve(), { once: true });
  try {
    await promise;
  } finally {
    cancel();
    unsubscribe();
  }
}

/** Everybody whom the first routing table names is a member here. */
function isWhole(mesh: ViewOfMesh): boolean {
  const members = new Set<string>(mesh.members().map(({ peer }) => peer));
  const { nodes, partial } = mesh.routes();
  return members.size > 0 && !partial &&
    nodes.every(({ peer }) => peer === mesh.self || members.has(peer));
}
