/** `mesh-llm drop MODEL`: the running node stops serving a model. */

import type { DropCommand } from "./command.ts";
import { jsonText, printable } from "../base/printable.ts";
import { printOut } from "./output.ts";
import { findRunningNode } from "./running_node.ts";

/** Returns when the model's memory is free. */
export async function runDrop({ dataDir, model, json }: DropCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  await node.post(`/api/models/${encodeURIComponent(model)}/drop`, {});
  printOut(
    json ? jsonText({ model }) : `This node no longer serves ${printable(model)}\n`,
  );
  return 0;
}
