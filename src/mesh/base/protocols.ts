import { MEMBER_ROLES, type MemberRole } from "./roles.ts";

/** The roles that have a part in a protocol. */
export interface ProtocolRoles {
  /** Streams of others are reset. */
  readonly opens: readonly MemberRole[];
  /** Others do not even know it. */
  readonly answers: readonly MemberRole[];
}

const MEMBERS = { opens: ["member"], answers: ["member"] } as const;
const GUESTS = { opens: ["member", "client"], answers: ["member"] } as const;
const ALL = { opens: MEMBER_ROLES, answers: MEMBER_ROLES } as const;

/** Every protocol between nodes, with its rights in one place: a protocol without a row is answered by nobody. */
export const PROTOCOLS: Readonly<Record<string, ProtocolRoles>> = {
  "/mesh-llm/join/1": ALL,
  // Before any join, by a machine of the local network.
  "/mesh-llm/pair/1": { opens: [], answers: ["member"] },
  // Before any join, by whoever has a claim that the relay has printed.
  "/mesh-llm/claim/1": { opens: [], answers: ["relay"] },
  "/mesh-llm/gossip/1": MEMBERS,
  "/mesh-llm/routes/1": GUESTS,
  "/mesh-llm/revocations/1": { opens: ["member"], answers: MEMBER_ROLES },
  "/mesh-llm/renewal/1": ALL,
  "/mesh-llm/life/1": ALL,
  "/mesh-llm/reach/1": { opens: ["member", "client"], answers: MEMBER_ROLES },
  // A relay opens the second half of a path, to the node that is asked for.
  "/mesh-llm/relay/1": { opens: MEMBER_ROLES, answers: ["member", "relay"] },
  "/mesh-llm/lane/1": MEMBERS,
  "/mesh-llm/rpc/1": MEMBERS,
  "/mesh-llm/http/1": GUESTS,
  "/mesh-llm/file/1": MEMBERS,
};

/** Protocols whose streams are large: they go by the wide lane where there is one. */
export const WIDE_PROTOCOLS: ReadonlySet<string> = new Set([
  "/mesh-llm/rpc/1",
  "/mesh-llm/file/1",
]);

/** @throws {TypeError} for a protocol without a row. */
export function rolesOf(protocol: string): ProtocolRoles {
  const roles = Object.hasOwn(PROTOCOLS, protocol) ? PROTOCOLS[protocol] : undefined;
  if (roles === undefined) throw new TypeError(`Nothing says who may open ${protocol}`);
  return roles;
}
