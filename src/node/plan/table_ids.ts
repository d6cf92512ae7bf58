import { type ModelContent, ModelIds } from "../../base/model_ids.ts";
import type { RoutingTable } from "../../mesh/mod.ts";

/** The ids of the models that a table tells of, and of those on this node's disk, which may be outside the gossip. */
export function idsOf(
  { instances, namesakes, files = [] }: Pick<RoutingTable, "instances" | "namesakes" | "files">,
  onDisk: readonly ModelContent[] = [],
): ModelIds {
  return new ModelIds([...instances.map(({ model }) => model), ...namesakes, ...files, ...onDisk]);
}
