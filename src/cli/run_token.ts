/** `mesh-llm token`: a new invite from the running node. */

import type { TokenCommand } from "./command.ts";
import { printOut } from "./output.ts";
import { findRunningNode, NodeAnswerError } from "./running_node.ts";

/** Prints the token alone, so that it can be piped. */
export async function runToken(command: TokenCommand): Promise<number> {
  const { dataDir, role, name, mayInvite, json } = command;
  const node = await findRunningNode(dataDir);
  const answer = await node.post("/api/tokens", { role, mayInvite, ...(name && { name }) });
  const token = (answer as { token?: unknown } | null)?.token;
  if (typeof token !== "string") throw new NodeAnswerError("The node answered without a token");
  printOut(json ? JSON.stringify({ token }) + "\n" : token + "\n");
  return 0;
}
