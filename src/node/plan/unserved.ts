/** The models that can be asked for though nobody answers for them now. Pure. */

import type { UnservedModel } from "../../api/mod.ts";
import type { ModelIds } from "../../base/model_ids.ts";
import type { RoutingTable } from "../../mesh/mod.ts";
import type { Prospects } from "./prospects.ts";

const ORDER: readonly UnservedModel["state"][] = ["loading", "turn", "waiting", "cold"];

/** Those that are nearest to an answer first, then by id. One that a request would only be refused is left out. */
export function unservedOf(
  table: RoutingTable,
  { coming, obstacles }: Prospects,
  ids: ModelIds,
): Omit<UnservedModel, "aliases">[] {
  const warm = new Set(
    table.instances.filter(({ state }) => state === "warm").map(({ model }) => ids.idOf(model)),
  );
  const states = new Map<string, UnservedModel["state"]>();
  for (const file of table.files ?? []) if (file.onRequest) states.set(ids.idOf(file), "cold");
  for (const { kind, model } of obstacles) {
    if (kind === "turn" || kind === "waiting") states.set(model, kind);
  }
  for (const id of coming) states.set(id, "loading");
  const sizes = new Map([
    ...(table.files ?? []).map((file) => [ids.idOf(file), file.sizeBytes] as const),
    ...table.instances.map(({ model, sizeBytes }) => [ids.idOf(model), sizeBytes] as const),
  ]);
  return [...states].filter(([id]) => !warm.has(id)).map(([id, state]) => {
    const { name = id, fingerprint = null } = ids.only(id) ?? {};
    return { id, name, fingerprint, state, sizeBytes: sizes.get(id) ?? 0 };
  }).sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.id < b.id ? -1 : 1));
}
