/** Invites in words. Pure. */

import type { Commands, InviteStatus } from "../../../src/api/base/types.ts";
import type { InviteOptions } from "./api.ts";
import { countOf, displayName, formatDate } from "./format.ts";

export interface InviteForm {
  readonly role: "member" | "client";
  readonly name: string;
  /** `null` for one that does not end. */
  readonly days: number | null;
  readonly mayInvite: boolean;
}

export const NEW_INVITE: InviteForm = { role: "member", name: "", days: null, mayInvite: true };

const DAY_MS = 24 * 60 * 60 * 1000;

/** Every invite has a name, so that the one of a machine is found again. */
export function optionsOf(
  { role, name, days, mayInvite }: InviteForm,
  nowMs: number,
): InviteOptions {
  return {
    role,
    name: name.trim() || `added ${formatDate(nowMs)}`,
    ...(days === null ? {} : { expiresAt: nowMs + days * DAY_MS }),
    ...(role === "member" ? { mayInvite } : {}),
  };
}

/** How a machine gets the program that this node was started with. */
export function gettingText({ start }: Pick<Commands, "start">): string {
  return start.includes("deno")
    ? "Copy the folder of mesh-llm that this machine runs, and go into it."
    : "Copy the file mesh-llm there. A machine of another kind needs the file for its own system.";
}

/** The command that joins by a token of this role. As an argument everybody on that machine could read it. */
export function joinCommand(
  { start }: Pick<Commands, "start">,
  role: InviteForm["role"],
  token: string,
): string {
  return `MESH_LLM_JOIN=${token} ${start}${role === "client" ? " --client" : ""}`;
}

const ROLE_TEXT: Record<InviteStatus["role"], string> = {
  member: "lends memory and serves",
  client: "asks questions only",
  relay: "carries data between machines only",
};

/** An invite's rights, its end, and the nodes that use it. */
export function inviteText({ role, mayInvite, expiresAt, state, usedBy }: InviteStatus): string {
  const until = expiresAt === null ? [] : [
    `${state === "expired" ? "ended" : "ends"} ${formatDate(expiresAt)}`,
  ];
  return [
    ROLE_TEXT[role],
    ...(mayInvite ? ["may invite others"] : []),
    ...(state === "revoked" ? ["revoked"] : until),
    usedBy.length === 0 ? "nobody uses it now" : `${countOf(usedBy.length, "machine")} by it now`,
  ].join(", ");
}

export function inviteName({ name, id }: InviteStatus): string {
  return (name === null ? "" : displayName(name)) || `Invite ${id.slice(0, 8)}`;
}

/** Those that still let somebody in first, the newest before the older. */
export function inOrder(invites: readonly InviteStatus[]): InviteStatus[] {
  const rank = ({ state }: InviteStatus) => state === "valid" ? 0 : 1;
  return [...invites].sort((a, b) => rank(a) - rank(b) || (b.createdAt ?? 0) - (a.createdAt ?? 0));
}
