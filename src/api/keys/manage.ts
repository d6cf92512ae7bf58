/** The right to manage: to change this node by its API, beyond what inference does. */

import type { Context, MiddlewareHandler } from "hono";
import { originOf } from "../http/host_guards.ts";
import { isCrossSite } from "../http/hosts.ts";
import { type Refusal, RefusedError } from "../http/openai_errors.ts";
import type { AdminDoor } from "./admin_session.ts";
import type { ApiEnv } from "./api_env.ts";
import { type KeyRing, presentedKey } from "./keys.ts";

/** Those who may manage the node. */
export interface Managers {
  /** The console's: its sessions, the admin key, and the node's own user on this machine. */
  readonly door: AdminDoor;
  /** The keys of the API, of which some have the right. */
  readonly ring: KeyRing;
}

/** True for a key with the right `manage`, and for everybody whom the console lets in. */
export async function mayManage(c: Context<ApiEnv>, managers: Managers): Promise<boolean> {
  return await objection(c, managers) === null;
}

/** Lets only those pass who may manage the node. Their key is the request's, where it is one of the API's. */
export function requireManage(managers: Managers): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const refusal = await objection(c, managers);
    if (refusal !== null) throw new RefusedError(refusal);
    const given = presentedKey(c.req.raw.headers);
    const key = given === null ? null : managers.ring.find(given);
    if (key !== null) c.set("key", key);
    await next();
  };
}

/**
 * Why this caller may not. A page of another site never may, whatever key it sends: a browser adds the console's cookie
 * to requests of every page on this machine, and the node's own user is behind all of them.
 */
async function objection(c: Context<ApiEnv>, { door, ring }: Managers): Promise<Refusal | null> {
  if (isCrossSite(originOf(c))) return { kind: "cross-site" };
  const given = presentedKey(c.req.raw.headers);
  const key = given === null ? null : ring.find(given);
  if (key !== null) return key.manage === true ? null : { kind: "manage", key: key.name };
  // Clients of an API without keys send made-up ones, which shut nobody out.
  const isMadeUp = given === null || ring.isEmpty;
  if (isMadeUp && await door.isSignedIn(c)) return null;
  if (given !== null && await door.isKey(c, given)) return null;
  return { kind: "manage", key: null };
}
