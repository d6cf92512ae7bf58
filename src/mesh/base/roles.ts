/**
 * The role that an invite grants. A client uses the models of others; a relay carries datagrams between members, and has
 * no part in anything else.
 */
export type MemberRole = "member" | "client" | "relay";

export const MEMBER_ROLES: readonly [MemberRole, ...MemberRole[]] = ["member", "client", "relay"];

/** Whether a node that was granted one role may be here in another: a member has the rights of all. */
export function mayBe(granted: MemberRole, role: MemberRole): boolean {
  return granted === "member" || granted === role;
}

/** The work of an active node. */
export type ActiveRole = "host" | "worker" | "standby";
