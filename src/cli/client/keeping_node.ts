import type { Status } from "../../api/mod.ts";
import { findRunningNode, NodeNotRunningError, type RunningNodeClient } from "./running_node.ts";

/** The running node, if it keeps models: a client does not, so that this process does itself what is asked. */
export async function findKeepingNode(dataDir: string): Promise<RunningNodeClient | null> {
  try {
    const node = await findRunningNode(dataDir);
    const { node: { role } } = await node.get("/api/status") as Status;
    return role === "client" ? null : node;
  } catch (error) {
    if (error instanceof NodeNotRunningError) return null;
    throw error;
  }
}
