/** `mesh-llm token`, `token list` and `token revoke`: invites of the running node. */

import { jsonText, printableAll } from "../../base/printable.ts";
import type { InviteStatus } from "../../api/mod.ts";
import type { TokenCommand, TokenListCommand, TokenRevokeCommand } from "../config/command.ts";
import { count, formatTime, table } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import { findRunningNode, NodeAnswerError } from "../client/running_node.ts";

/** Prints the token alone, so that it can be piped. */
export async function runToken(command: TokenCommand): Promise<number> {
  const { dataDir, role, name, mayInvite, expiresMs, json } = command;
  const node = await findRunningNode(dataDir);
  const expiresAt = expiresMs === null ? {} : { expiresAt: Date.now() + expiresMs };
  const right = mayInvite === null ? {} : { mayInvite };
  const invite = { role, ...right, ...(name && { name }), ...expiresAt };
  const answer = await node.post("/api/tokens", invite);
  const token = (answer as { token?: unknown } | null)?.token;
  if (typeof token !== "string") throw new NodeAnswerError("The node answered without a token");
  printOut(json ? jsonText({ token }) : token + "\n");
  return 0;
}

export async function runTokenList({ dataDir, json }: TokenListCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  // The node that answers is this program; its contract is docs/management-api.md.
  const { tokens } = await node.get("/api/tokens") as { tokens: InviteStatus[] };
  printOut(json ? jsonText({ tokens }, { indent: 2 }) : invitesText(tokens));
  return 0;
}

/** Returns when the running node has kept the revocation and told whom it is connected to. */
export async function runTokenRevoke({ dataDir, id, json }: TokenRevokeCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  await node.delete(`/api/tokens/${id}`);
  printOut(json ? jsonText({ id }) : `The invite ${id} is revoked\n`);
  return 0;
}

/** One row an invite, the newest last. */
export function invitesText(told: readonly InviteStatus[]): string {
  const invites = printableAll(told);
  if (invites.length === 0) return "This node has made no invites yet\n";
  return table([
    ["ID", "ROLE", "FOR", "STATE", "EXPIRES (UTC)", "IN USE BY"],
    ...invites.map(({ id, role, name, mayInvite, state, expiresAt, usedBy }) => [
      id,
      mayInvite ? `${role}, may invite` : role,
      name ?? "-",
      state,
      expiresAt === null ? "never" : formatTime(expiresAt),
      count(usedBy.length, "node"),
    ]),
  ]);
}
