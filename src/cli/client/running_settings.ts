import type { Setting } from "../../api/mod.ts";
import {
  findRunningNode,
  NodeAnswerError,
  NodeNotRunningError,
  type RunningNodeClient,
} from "./running_node.ts";

/**
 * The settings that the node on this data directory was started with; `null` if none runs, or one that does not report
 * them.
 */
export async function findRunningSettings(dataDir: string): Promise<readonly Setting[] | null> {
  try {
    return await askSettings(await findRunningNode(dataDir));
  } catch (error) {
    if (error instanceof NodeNotRunningError) return null;
    throw error;
  }
}

export async function askSettings(node: RunningNodeClient): Promise<readonly Setting[] | null> {
  try {
    const answer = await node.get("/api/settings") as { readonly settings?: unknown };
    return Array.isArray(answer.settings) && answer.settings.length > 0 ? answer.settings : null;
  } catch (error) {
    if (error instanceof NodeAnswerError) return null; // of a version that has no such route
    throw error;
  }
}
