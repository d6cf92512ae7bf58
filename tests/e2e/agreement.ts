/** The nodes' views of their mesh, and waiting until all of them agree. */

import type { Status } from "../../src/api/mod.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { statuses } from "./mesh_of_nodes.ts";

/** The parts of a view that have to be the same at every member. */
export interface SharedView {
  readonly nodes: readonly { readonly id: string; readonly role: string; readonly model: string }[];
  readonly models: readonly {
    readonly name: string;
    readonly state: string;
    readonly hosts: readonly string[];
  }[];
}

function sharedView({ node, peers, models }: Status): SharedView {
  const entry = (one: { id: string; role: string; model: string | null }) => ({
    id: one.id,
    role: one.role,
    model: one.model ?? "",
  });
  const byText = (a: string, b: string) => a < b ? -1 : 1;
  return {
    nodes: [node, ...peers].map(entry).sort((a, b) => byText(a.id, b.id)),
    models: models
      .map(({ name, state, hosts }) => ({ name, state, hosts: [...hosts].sort(byText) }))
      .sort((a, b) => byText(a.name, b.name)),
  };
}

/**
 * Waits until the nodes tell the same of the mesh, and it is as wanted.
 * @throws with what each tells when the time is out.
 */
export async function untilAgreed(
  nodes: readonly NodeProcess[],
  description: string,
  wanted: (view: SharedView) => boolean,
  timeoutMs = 60_000,
): Promise<SharedView> {
  const limit = AbortSignal.timeout(timeoutMs);
  const enough = new AbortController();
  const signal = AbortSignal.any([limit, enough.signal]);
  const told = new Map<string, SharedView>();
  let agreed: SharedView | undefined;
  const follow = async (node: NodeProcess) => {
    for await (const status of statuses(node, signal)) {
      told.set(node.name, sharedView(status));
      const [view, ...others] = [...told.values()];
      if (told.size < nodes.length || view === undefined || !wanted(view)) continue;
      const text = JSON.stringify(view);
      if (!others.every((other) => JSON.stringify(other) === text)) continue;
      agreed = view;
      enough.abort();
    }
    throw new Error(`${node.name} has stopped telling its status`);
  };
  try {
    await Promise.all(nodes.map(follow));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    enough.abort();
  }
  if (agreed !== undefined) return agreed;
  const views = [...told].map(([name, view]) => `${name}: ${JSON.stringify(view)}`).join("\n");
  throw new Error(`The nodes do not agree on ${description}\n${views}`);
}
