/** `mesh-llm serve MODEL`: the running node serves a model of its disk. */

import { jsonText, printable } from "../../base/printable.ts";
import type { Status } from "../../api/mod.ts";
import { printOut } from "../base/output.ts";
import { findRunningNode } from "../client/running_node.ts";
import type { ServeModelCommand } from "../config/command.ts";

/** Returns when the model is ready, or when it begins to be loaded. */
export async function runServeModel({ dataDir, model, json }: ServeModelCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  await node.post(`/api/models/${encodeURIComponent(model)}/serve`, {});
  if (json) {
    printOut(jsonText({ model }));
    return 0;
  }
  const { models } = await node.get("/api/status") as Status;
  const state = models.find(({ id, name }) => id === model || name === model)?.state;
  printOut(
    state === "warm"
      ? `This node serves ${printable(model)}\n`
      : `This node serves ${
        printable(model)
      } as soon as it is loaded: mesh-llm ps shows how far it is\n`,
  );
  return 0;
}
