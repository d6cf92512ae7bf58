/** The role that an invite grants. A client opens routes and http only. */
export type MemberRole = "member" | "client";

/** The work of an active node. */
export type ActiveRole = "host" | "worker" | "standby";
