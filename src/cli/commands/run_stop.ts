/** `mesh-llm stop`: the running node ends in order, and the command once it is gone. */

import { isAlive } from "../../base/is_alive.ts";
import { jsonText } from "../../base/printable.ts";
import { STOP_POLL_MS, STOP_WAIT_MS } from "../base/defaults.ts";
import { printOut } from "../base/output.ts";
import { findRunningNode, NodeAnswerError, NodeNotRunningError } from "../client/running_node.ts";
import type { StopCommand } from "../config/command.ts";

export async function runStop({ dataDir, json }: StopCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  const { pid } = node;
  try {
    await node.post("/api/stop", {});
  } catch (error) {
    // It may be gone before its answer has come.
    if (!(error instanceof NodeNotRunningError)) throw error;
  }
  const untilMs = performance.now() + STOP_WAIT_MS;
  while (await isThere(dataDir, pid)) {
    if (performance.now() > untilMs) {
      throw new NodeAnswerError(
        `The node with pid ${pid} was told to stop and is still there after ${
          STOP_WAIT_MS / 1000
        } s: run mesh-llm logs, or kill ${pid}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
  }
  printOut(json ? jsonText({ pid }) : `The node with pid ${pid} has stopped\n`);
  return 0;
}

/** A process whose parent has not asked for its end is alive to the system, and has let go of its directory. */
async function isThere(dataDir: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  try {
    return (await findRunningNode(dataDir)).pid === pid;
  } catch (error) {
    if (error instanceof NodeNotRunningError) return false;
    throw error;
  }
}
