/** `mesh-llm drop MODEL`: the running node stops serving a model. */

import type { DropCommand } from "../config/command.ts";
import { jsonText, printable } from "../../base/printable.ts";
import { printOut } from "../base/output.ts";
import { findRunningNode } from "../client/running_node.ts";

/** Returns when the model's memory is free, or when it begins to be loaded again. */
export async function runDrop({ dataDir, model, undo, json }: DropCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  await node.post(`/api/models/${encodeURIComponent(model)}/${undo ? "serve" : "drop"}`, {});
  const text = undo ? "This node serves" : "This node no longer serves";
  printOut(json ? jsonText({ model }) : `${text} ${printable(model)}\n`);
  return 0;
}
