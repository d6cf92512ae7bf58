import type { MiddlewareHandler } from "hono";
import { RefusedError } from "../http/openai_errors.ts";
import type { ApiEnv } from "./api_env.ts";
import { type KeyRing, presentedKey } from "./keys.ts";

/** Lets only callers with a key pass; everybody where there is none. */
export function requireKey(ring: KeyRing): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!ring.isEmpty) {
      const given = presentedKey(c.req.raw.headers);
      const key = given === null ? null : ring.find(given);
      if (key === null) throw new RefusedError({ kind: "key", given: given !== null });
      c.set("key", key);
    }
    await next();
  };
}
